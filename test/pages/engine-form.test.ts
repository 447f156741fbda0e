import { describe, expect, test } from '@jest/globals';
import { deviceProblem, readEngineForm } from '#src/pages/index.ts';

const ENGINE_FORMS = '../../node_modules/oidc-provider/lib/helpers/user_code_form.js';
const engine = await import(ENGINE_FORMS);

describe("the engine's forms", () => {
  test('for entering a code give their action and token', () => {
    const html = engine.input('https://id.example/device', 'tok-1', undefined, 'base-20');
    expect(readEngineForm(html)).toEqual({ action: 'https://id.example/device', xsrf: 'tok-1', userCode: undefined });
  });

  test('shown again give the code as it was typed, markup and all', () => {
    const typed = `a&b"<c>'&amp;`;
    expect(readEngineForm(engine.input('/device', 'tok-1', typed, 'digits')).userCode).toBe(typed);
    expect(readEngineForm(engine.confirm('/device', 'tok-1', typed)).userCode).toBe(typed);
  });

  test('for signing out give their action and token', () => {
    const html =
      '<form id="op.logoutForm" method="post" action="https://id.example/oauth/logout/confirm"><input type="hidden" name="xsrf" value="tok-2"/></form>';
    expect(readEngineForm(html)).toEqual({
      action: 'https://id.example/oauth/logout/confirm',
      xsrf: 'tok-2',
      userCode: undefined,
    });
  });

  test('changed beyond recognition are an error, not a page without a token', () => {
    expect(() => readEngineForm('<form action="/device"></form>')).toThrow(TypeError);
    expect(() => readEngineForm('')).toThrow(TypeError);
  });
});

describe("the engine's device errors", () => {
  test('about a code are one problem, whatever is wrong with it', () => {
    expect(deviceProblem(Object.assign(new Error('expired'), { name: 'ExpiredError', userCode: 'X' }))).toBe('code');
    expect(deviceProblem(Object.assign(new Error('unknown'), { name: 'NotFoundError', userCode: 'X' }))).toBe('code');
    expect(deviceProblem(Object.assign(new Error('none'), { name: 'NoCodeError' }))).toBe('code');
  });

  test('tell a refusal by the person from a failure', () => {
    expect(deviceProblem(Object.assign(new Error('no'), { name: 'AbortedError' }))).toBe('aborted');
    expect(deviceProblem(new Error('anything'))).toBe('failed');
    expect(deviceProblem(undefined)).toBeUndefined();
  });
});
