import { withoutNarrowPath } from '../../support/server.ts';

withoutNarrowPath();
await import('../../endpoints/password-grant.test.ts');
