/** The order of a run: by what jest knows of the files (how long they took, or how large they are), but the longest first. */
import TestSequencer from '@jest/test-sequencer';
import { LONGEST } from './longest.ts';

export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const known = LONGEST.flatMap((name) => tests.filter(({ path }) => path.endsWith(`/${name}`)));
    return [...known, ...super.sort(tests.filter((test) => !known.includes(test)))];
  }
}
