import { type Db, isForeignKeyViolation } from '#src/db/index.ts';
import { Conflict } from '#src/oauth/problems.ts';

export interface PolicyRow {
  id: string;
  ordinal: string;
  name: string;
  tags: Record<string, unknown>;
  primary_methods: {
    updb: {
      allowed: boolean;
      min_password_length: number;
      require_special_char: boolean;
      require_number_char: boolean;
      require_mixed_case: boolean;
      max_attempts: number;
      lockout_duration: number;
    };
    webauthn: { allowed: boolean };
    cert: { allowed: boolean; allow_expired_certs: boolean };
    ext_jwt: { allowed: boolean; allowed_signers: string[] | null };
  };
  secondary: {
    require_any: boolean;
    require_totp: boolean;
    require_webauthn: boolean;
    require_ext_jwt_signer: string | null;
    allow_enrollment: boolean;
  };
  session_idle_timeout: number;
  session_lifetime: number;
  pats: { allowed: boolean; max_days: number | null };
  created_at: Date;
  updated_at: Date;
}

export type PolicyValues = Omit<PolicyRow, 'ordinal' | 'created_at' | 'updated_at'>;

const POLICY = `
  id, ordinal, name, tags, primary_methods, secondary, session_idle_timeout, session_lifetime, pats, created_at,
  updated_at`;

const values = (policy: PolicyValues) => [
  policy.id,
  policy.name,
  JSON.stringify(policy.tags),
  JSON.stringify(policy.primary_methods),
  JSON.stringify(policy.secondary),
  policy.session_idle_timeout,
  policy.session_lifetime,
  JSON.stringify(policy.pats),
];

export async function allPolicies(db: Db): Promise<PolicyRow[]> {
  const { rows } = await db.query<PolicyRow>(`select ${POLICY} from auth_policies order by ordinal`);
  return rows;
}

/** Undefined when there is none; held until the transaction ends. */
export async function lockPolicy(db: Db, id: string): Promise<PolicyRow | undefined> {
  const { rows } = await db.query<PolicyRow>(`select ${POLICY} from auth_policies where id = $1 for update`, [id]);
  return rows[0];
}

export async function insertPolicy(db: Db, policy: PolicyValues): Promise<PolicyRow> {
  const { rows } = await db.query<PolicyRow>(
    `insert into auth_policies (id, name, tags, primary_methods, secondary, session_idle_timeout, session_lifetime, pats)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     returning ${POLICY}`,
    values(policy),
  );
  return rows[0] as PolicyRow;
}

export async function updatePolicy(db: Db, policy: PolicyValues): Promise<PolicyRow> {
  const { rows } = await db.query<PolicyRow>(
    `update auth_policies
        set name = $2, tags = $3, primary_methods = $4, secondary = $5, session_idle_timeout = $6,
            session_lifetime = $7, pats = $8, updated_at = now()
      where id = $1
      returning ${POLICY}`,
    values(policy),
  );
  return rows[0] as PolicyRow;
}

/** @throws {Conflict} while a user has it; the reference decides, so no user can be given it in between */
export async function deletePolicy(db: Db, id: string): Promise<boolean> {
  try {
    const { rowCount } = await db.query('delete from auth_policies where id = $1', [id]);
    return rowCount > 0;
  } catch (error) {
    throw isForeignKeyViolation(error, 'users_policy_id_fkey')
      ? new Conflict('users have this policy: give them another one first')
      : error;
  }
}
