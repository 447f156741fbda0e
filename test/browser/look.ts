/** Looks at a page as people with different eyes, hands and screens meet it. */
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { screenshot } from '../support/browser.ts';
import { accessibilityFaults } from './axe.ts';

/** Of the browser: the functions that use these run there. */
declare const document: any;
declare const getComputedStyle: any;

const NARROWEST = { width: 320, height: 640 };
/** WCAG 2.2, 1.4.3. Large text may have less; ours does not need to. */
const LEAST_CONTRAST = 4.5;

/** Keeps pictures of the page under this name, and expects of it what every page of ours owes everybody. */
export async function look(page: Page, name: string): Promise<void> {
  expect(await page.evaluate(structure)).toEqual({
    lang: 'en',
    titled: true,
    h1: 1,
    main: 1,
    unlabelled: [],
    nameless: [],
  });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect({ colorScheme, pale: await page.evaluate(paleText, LEAST_CONTRAST) }).toEqual({ colorScheme, pale: [] });
    expect({ colorScheme, faults: await accessibilityFaults(page) }).toEqual({ colorScheme, faults: [] });
  }
  await screenshot(page, name);
  const before = page.viewportSize();
  await page.setViewportSize(NARROWEST);
  expect(await page.evaluate(tooWide)).toEqual([]);
  if (before) await page.setViewportSize(before);
}

function structure() {
  const fields = [...document.querySelectorAll('input:not([type=hidden]), select, textarea')];
  const controls = [...document.querySelectorAll('button, a[href]')];
  return {
    lang: document.documentElement.lang,
    titled: document.title.trim() !== '',
    h1: document.querySelectorAll('h1').length,
    main: document.querySelectorAll('main').length,
    unlabelled: fields.filter(({ labels }) => !labels[0]?.textContent.trim()).map(({ name }) => name),
    nameless: controls.filter(({ textContent }) => !textContent.trim()).map(({ outerHTML }) => outerHTML),
  };
}

/** What sticks out to the right of a page that then has to be scrolled sideways to be read. */
function tooWide(): string[] {
  const { clientWidth, scrollWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const wide = [...document.body.querySelectorAll('*')].filter(
    (element) => element.getBoundingClientRect().right > clientWidth + 1,
  );
  return wide.map((element) => element.outerHTML.slice(0, 120));
}

/** Texts whose colour is too near to what is behind them. */
function paleText(least: number): string[] {
  type Rgba = [number, number, number, number];
  const parse = (color: string): Rgba => {
    const [r, g, b, a = 1] = (/^rgba?\((.*)\)$/.exec(color)?.[1] ?? '').split(/[ ,/]+/).map(Number);
    if (r === undefined || g === undefined || b === undefined) throw new Error(`what colour is ${color}?`);
    return [r, g, b, a];
  };
  const luminance = ([...rgb]: Rgba) => {
    const [r = 0, g = 0, b = 0] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const probe = document.body.appendChild(document.createElement('p'));
  probe.style.backgroundColor = 'Canvas';
  const canvas = parse(getComputedStyle(probe).backgroundColor);
  probe.remove();
  const behind = (element: any): Rgba => {
    if (!element) return canvas;
    const color = parse(getComputedStyle(element).backgroundColor);
    if (color[3] !== 0 && color[3] !== 1) throw new Error('half-transparent backgrounds are not looked through');
    return color[3] === 1 ? color : behind(element.parentElement);
  };

  const speaks = (element: any) =>
    element.matches('input:not([type=hidden])') ||
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
  return [...document.body.querySelectorAll('*')]
    .filter((element) => speaks(element) && element.getClientRects().length > 0)
    .map((element) => {
      const [text, ground] = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))];
      const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
      return { contrast, words: `${contrast.toFixed(2)}: ${element.outerHTML.slice(0, 100)}` };
    })
    .filter(({ contrast }) => !(contrast >= least))
    .map(({ words }) => words);
}
