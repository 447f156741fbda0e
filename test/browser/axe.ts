/** What axe-core finds wrong with a page: the rules of WCAG 2.2 AA, and what its makers hold good practice. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Of the browser: the function that uses it runs there. */
declare const window: any;

export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run();
    return violations.flatMap(({ id, nodes }: any) => nodes.map(({ html }: any) => `${id}: ${html.slice(0, 160)}`));
  });
}
