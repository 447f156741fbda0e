import { withoutNarrowPath } from '../../support/server.ts';

withoutNarrowPath();
await import('../../endpoints/logout.test.ts');
