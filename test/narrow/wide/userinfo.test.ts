import { withoutNarrowPath } from '../../support/server.ts';

withoutNarrowPath();
await import('../../endpoints/userinfo.test.ts');
