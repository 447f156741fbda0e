import type { Adapter } from 'oidc-provider';

/** The engine's Adapter with only what a model needs; calling anything else is a mistake that must be loud. */
export type ModelAdapter = Partial<Omit<Adapter, 'find'>> & Pick<Adapter, 'find'>;
