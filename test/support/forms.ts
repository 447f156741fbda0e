/** Reads the forms of a page as a browser without JavaScript would send them. */
export interface Form {
  readonly action: string;
  readonly method: 'GET' | 'POST';
  /** What is sent when nothing is touched: hidden and prefilled inputs, ticked boxes. */
  readonly fields: ReadonlyMap<string, string>;
  readonly buttons: readonly Button[];
}

export interface Button {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly value: string;
}

/** @param url of the page: an action may be relative to it, or missing */
export function readForms(html: string, url: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, tag = '', content = '']) => {
    const form = attributes(tag);
    const inputs = [...content.matchAll(/<input\b([^>]*)>/gi)].map(([, input = '']) => attributes(input));
    const buttons = [...content.matchAll(/<button\b([^>]*)>/gi)].map(([, button = '']) => attributes(button));
    const isSubmit = (input: Attributes) => input.get('type') === 'submit';
    const isSent = (input: Attributes) =>
      !isSubmit(input) && (!/^(checkbox|radio)$/.test(input.get('type') ?? '') || input.has('checked'));
    return {
      action: new URL(form.get('action') || url, url).href,
      method: form.get('method')?.toUpperCase() === 'POST' ? 'POST' : 'GET',
      fields: new Map(inputs.filter(isSent).map((input) => [input.get('name') ?? '', input.get('value') ?? ''])),
      buttons: [
        ...buttons.filter((button) => (button.get('type') ?? 'submit') === 'submit'),
        ...inputs.filter(isSubmit),
      ].map((button) => ({ id: button.get('id'), name: button.get('name'), value: button.get('value') ?? '' })),
    };
  });
}

type Attributes = ReadonlyMap<string, string>;

function attributes(tag: string): Attributes {
  const found = tag.matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g);
  return new Map(
    [...found].map(([, name = '', double, single, bare]) => [
      name.toLowerCase(),
      decode(double ?? single ?? bare ?? ''),
    ]),
  );
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (entity, hex?: string, decimal?: string, name?: string) => {
    if (name) return NAMED[name] ?? entity;
    return String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal));
  });
}
