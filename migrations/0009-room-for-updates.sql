-- Codes and refresh tokens are consumed, tokens in use are noted once a minute, and what is taken back is marked. Where a page
-- has room, the new version of a row takes no new entries in five indexes. Pages written from now on keep some; machines'
-- tokens, which few of that happens to, take a third more pages for it and no more time.
alter table tokens set (fillfactor = 70);
