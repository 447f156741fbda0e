import type { Adapter, AdapterPayload } from 'oidc-provider';

/** More than any measurement needs again. The engine's own keeps 1000, and a load test then sees tokens vanish. */
const MOST_RECORDS = 200_000;

/** Forgets the oldest: without an end the engine would be measured by its garbage. */
class Bounded<Value> extends Map<string, Value> {
  override set(key: string, value: Value): this {
    super.set(key, value);
    if (this.size > MOST_RECORDS) this.delete(this.keys().next().value as string);
    return this;
  }
}

const records = new Bounded<AdapterPayload>();
const ofGrant = new Bounded<Set<string>>();
const byUid = new Bounded<string>();

/** Everything in a Map: the least that an adapter can cost. */
export class MemoryAdapter implements Adapter {
  readonly #model: string;

  constructor(model: string) {
    this.#model = model;
  }
  #key(id: string): string {
    return `${this.#model}:${id}`;
  }
  async upsert(id: string, payload: AdapterPayload) {
    const key = this.#key(id);
    records.set(key, payload);
    if (payload.uid !== undefined) byUid.set(payload.uid, id);
    if (payload.grantId === undefined) return;
    const members = ofGrant.get(payload.grantId);
    if (members) members.add(key);
    else ofGrant.set(payload.grantId, new Set([key]));
  }
  async find(id: string) {
    return records.get(this.#key(id));
  }
  async findByUid(uid: string) {
    const id = byUid.get(uid);
    return id === undefined ? undefined : this.find(id);
  }
  async findByUserCode() {
    return undefined;
  }
  async consume(id: string) {
    const payload = records.get(this.#key(id));
    if (payload) payload.consumed = Math.floor(Date.now() / 1_000);
  }
  async destroy(id: string) {
    records.delete(this.#key(id));
  }
  async revokeByGrantId(grantId: string) {
    for (const key of ofGrant.get(grantId) ?? []) records.delete(key);
    ofGrant.delete(grantId);
  }
}
