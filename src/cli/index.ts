/**
 * The command line: `mintmark <noun> <verb>`. Owns how arguments become calls of the API and how answers are shown.
 * Owns no rule about clients, APIs or users: which flags exist, and of what type, is read from the server's own OpenAPI
 * document, and what is allowed is the server's to say.
 *
 * Exit codes (contract.md, "Command line"): 0 done, 1 refused, 2 wrong usage.
 */
export { type Api, connect } from './api.ts';
export { Refused } from './command.ts';
export { run } from './run.ts';
