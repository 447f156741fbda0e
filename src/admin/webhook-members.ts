/** What the routes of webhooks, of their secrets and of their deliveries share. */
import { isId } from '#src/webhooks/index.ts';
import { pageQueryOf } from './pages.ts';

/** When and which, as their lists count. */
export const byTime = pageQueryOf(/^\d{1,18}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

/** What is no id may be a secret that somebody took for one. */
export const webhookTarget = ({ webhook_id }: { readonly webhook_id: string }): string | undefined =>
  isId(webhook_id) ? `webhook:${webhook_id}` : undefined;
