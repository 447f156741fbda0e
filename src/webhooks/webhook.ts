import type { EventType } from './event-types.ts';

export const FORMATS = ['notification', 'event'] as const;
export type Format = (typeof FORMATS)[number];

export type PausedReason = 'requested' | 'failing' | 'gone';

export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly format: Format;
  readonly eventTypes: readonly string[];
  /** Of whom it hears; undefined: of everybody, and of what is no client's. */
  readonly clientIds: readonly string[] | undefined;
  readonly hasSharedSecret: boolean;
  readonly status: 'active' | 'paused';
  readonly pausedReason: PausedReason | undefined;
  readonly failingSince: Date | undefined;
  readonly restsUntil: Date | undefined;
  readonly lastSuccessAt: Date | undefined;
  /** As the audit log names them. */
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What a person says of one. */
export interface WebhookSettings {
  readonly url: string;
  readonly eventTypes: readonly EventType[];
  readonly clientIds: readonly string[] | undefined;
}

export interface NewWebhook extends WebhookSettings {
  readonly format: Format;
  readonly sharedSecret: string | undefined;
  readonly createdBy: string;
}

export interface WebhookChange extends WebhookSettings {
  /** `active` also forgives what its target did; undefined: as it is. */
  readonly status: Webhook['status'] | undefined;
  /** null: none any more; undefined: as it is. */
  readonly sharedSecret: string | null | undefined;
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What names none is not even looked for: it may be anything that somebody took for an id. */
export const isId = (text: string): boolean => ID.test(text);

/** What the secrets are bound to, sealed: moved to another webhook, or taken for each other, they do not open. */
export const sharedSecretSeal = (webhookId: string): string => `shared secret of webhook ${webhookId}`;
export const signingSecretSeal = (secretId: string): string => `signing secret ${secretId} of a webhook`;
