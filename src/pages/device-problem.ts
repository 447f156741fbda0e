import type { DeviceProblem } from './page-data.ts';

/** Which of our sentences fits the error with which the engine shows the code form again. */
export function deviceProblem(error: (Error & { userCode?: unknown }) | undefined): DeviceProblem | undefined {
  if (!error) return undefined;
  if (error.userCode || error.name === 'NoCodeError') return 'code';
  return error.name === 'AbortedError' ? 'aborted' : 'failed';
}
