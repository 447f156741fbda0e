import { withoutNarrowPath } from '../../support/server.ts';

withoutNarrowPath();
await import('../../endpoints/revoke.test.ts');
