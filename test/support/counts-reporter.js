/**
 * The closing line that CI reads: how many tests passed, failed, were skipped. A suite that could not run at all (or failed
 * after its tests) counts as one failure: it must never look like fewer tests.
 */
export default class CountsReporter {
  onRunComplete(_contexts, results) {
    const passed = results.numPassedTests;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const counts = [`${passed} passed`, `${failed} failed`, ...(skipped > 0 ? [`${skipped} skipped`] : [])];
    // At exit, because jest's own summary and what global teardown has to say come after the reporters.
    process.once('exit', () => process.stdout.write(`\n${counts.join(', ')}\n`));
  }
}
