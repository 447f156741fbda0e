/** Finds the module specifiers of a TypeScript source without parsing it whole: where they stand, and which survive type stripping. */
import { stripTypeScriptTypes } from 'node:module';

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Erased before the program runs: `import type`, `import('…')` in a type. */
  readonly typeOnly: boolean;
}

/** `from '…'`, `import '…'` and `import('…')`, in text whose literals are blanked. */
const SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])( *)\1/g;

export function importsOf(source: string): Import[] {
  // Stripping replaces types by spaces of the same length, so a specifier that stays is found at the same offset.
  const atRunTime = new Set(offsets(blankLiterals(stripTypeScriptTypes(source))).map(([offset]) => offset));
  return offsets(blankLiterals(source)).map(([offset, length]) => ({
    specifier: source.slice(offset, offset + length),
    line: lineAt(source, offset),
    typeOnly: !atRunTime.has(offset),
  }));
}

export function lineAt(source: string, offset: number): number {
  return source.slice(0, offset).split('\n').length;
}

function offsets(code: string): [offset: number, length: number][] {
  return [...code.matchAll(SPECIFIER)].map((match) => {
    const content = match[2] ?? '';
    return [match.index + match[0].length - 1 - content.length, content.length];
  });
}

/** A slash after one of these begins a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|delete|void|throw|await|yield))$/;
/** Comment, string, or (where one may stand) regular expression, from here on. */
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const STRING = /'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y;
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*/y;

/**
 * The source with comments, regular expressions, template text and the contents of strings turned into spaces: what is left
 * is code, at the same offsets and on the same lines.
 */
export function blankLiterals(source: string): string {
  let code = '';
  /** How many braces are open in each `${` we are in. */
  const templates: number[] = [];
  const blank = (text: string) => text.replace(/[^\n]/g, ' ');
  const at = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = code.length;
    return pattern.exec(source)?.[0];
  };
  const templateText = () => {
    code += blank(at(TEMPLATE_TEXT) ?? '');
    if (source.startsWith('${', code.length)) templates.push(0);
    code += source.startsWith('${', code.length) ? '${' : '`';
  };

  while (code.length < source.length) {
    const comment = at(COMMENT);
    const string = comment ? undefined : at(STRING);
    const char = source[code.length] ?? '';
    const open = templates.at(-1);
    if (comment) code += blank(comment);
    else if (string) code += char + blank(string.slice(1, -1)) + char;
    else if (char === '/' && BEFORE_REGEX.test(code.trimEnd())) code += blank(at(REGEX) ?? char);
    else if (char === '`') {
      code += char;
      templateText();
    } else if (char === '}' && open === 0) {
      templates.pop();
      code += char;
      templateText();
    } else {
      if (open !== undefined && char === '{') templates[templates.length - 1] = open + 1;
      if (open !== undefined && char === '}') templates[templates.length - 1] = open - 1;
      code += char;
    }
  }
  return code;
}
