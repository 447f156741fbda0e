import { describe, expect, test } from '@jest/globals';
import { SCRIPTING, takeComplaints, visit } from './visit.ts';

const ADDRESS = 'http://harbour.example/';
const PAGE = '<!doctype html><link rel="icon" href="data:,"><script>1</script><style>p{}</style>';

describe.each(SCRIPTING)('The watch over the browser, %s,', (_, how) => {
  test('hears what the Content-Security-Policy refuses and what is missing', async () => {
    const page = await visit(how);
    const headers = { 'content-security-policy': "default-src 'none'; img-src *; script-src 'none'" };
    await page.route(ADDRESS, (route) =>
      route.fulfill({ contentType: 'text/html', headers, body: `${PAGE}<img src="/gone.png">` }),
    );
    await page.route(`${ADDRESS}gone.png`, (route) => route.fulfill({ status: 404 }));
    await page.goto(ADDRESS);
    const heard = takeComplaints().join('\n');
    expect(heard).toMatch(/Applying inline style violates/);
    expect(heard).toMatch(/status 404 for http:\/\/harbour\.example\/gone\.png/);
    if (how.javaScriptEnabled) expect(heard).toMatch(/Executing inline script violates/);
  });
});
