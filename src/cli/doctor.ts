import { type Config, InvalidSetting, readConfig } from '#src/config.ts';
import { CHECKS, type Setting } from './checks.ts';
import { type Common, Refused } from './command.ts';
import { serverUrl } from './credentials.ts';
import { printJson, write } from './print.ts';

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  /** What was seen, or what is wrong. */
  readonly detail: string;
  readonly remedy?: string;
}

/** @returns 1 when something is wrong */
export async function doctor(common: Common): Promise<number> {
  const findings = await examine(common);
  if (common.json) printJson({ findings });
  else findings.forEach(print);
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

async function examine(common: Common): Promise<Finding[]> {
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    if (!(error instanceof InvalidSetting)) throw error;
    // Without settings there is nothing to look at: every further line would blame the wrong thing.
    return [{ check: 'settings', ok: false, detail: error.message, remedy: 'correct the setting and start again' }];
  }
  const setting: Setting = { config, url: common.url ? await serverUrl(common) : config.issuer };
  const findings: Finding[] = [{ check: 'settings', ok: true, detail: `issuer ${config.issuer}` }];
  for (const { check, needs, remedy, look } of CHECKS) {
    if (findings.some((finding) => finding.check === needs && !finding.ok)) continue;
    try {
      findings.push({ check, ok: true, detail: await look(setting) });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      findings.push({
        check,
        ok: false,
        detail: error.message,
        remedy: error instanceof Refused ? remedy : UNEXPECTED,
      });
    }
  }
  return findings;
}

const UNEXPECTED = 'this is not a known trouble: please report it with this line';

function print({ check, ok, detail, remedy }: Finding): void {
  write(`${ok ? 'ok  ' : 'fail'}  ${check.padEnd(14)}  ${detail}`);
  if (remedy) write(`${' '.repeat(22)}→ ${remedy}`);
}
