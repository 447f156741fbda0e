import { withoutNarrowPath } from '../../support/server.ts';

withoutNarrowPath();
await import('../../endpoints/authorization-code-grant.test.ts');
