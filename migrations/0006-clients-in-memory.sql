-- Clients and their secrets are held in memory, like signing keys and APIs: instances learn of changes.
create trigger announce after insert or update or delete on clients
  for each statement execute function announce_change();
-- When a secret was last used is written all the time, and is nobody's news.
create trigger announce after insert or delete or update of client_id, digest, expires_at on client_secrets
  for each statement execute function announce_change();
