/** The narrow thing SQL is sent to: the pool, or one transaction. */
export interface Db {
  /** @throws {Unavailable} when the database cannot be reached */
  query<Row>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[]; rowCount: number }>;
}

export interface Database extends Db {
  readonly engine: 'embedded' | 'postgres';
  /** Statements it makes sense to have under way at once. */
  readonly concurrency: number;
  /** The same of statements that gather what many requests ask or write. */
  readonly batches: number;
  /** Commits what `work` did, or rolls back and rethrows. */
  transaction<T>(work: (db: Db) => Promise<T>): Promise<T>;
  /**
   * Calls `changed` after a table it names was changed by any instance, and after every time the feed was interrupted
   * (then everything may have changed). Returns the function that ends it.
   */
  onChange(table: string, changed: () => void): () => void;
  close(): Promise<void>;
}
