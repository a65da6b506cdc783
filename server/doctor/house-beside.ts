/** The house of a server that runs and does not answer: what is in effect, read from its directory beside it. */
import { lookBeside } from '../../core/engine/beside.ts';
import { Failure } from '../command/failure.ts';
import { setUpPlugins } from '../plugins.ts';
import { readReportLog, readReports } from '../reports/read.ts';
import { pluginsOf } from '../running/engine.ts';
import { engineSettings, readSettings } from '../settings.ts';
import { type House, houseOf } from './house.ts';

/** `why`: what came of asking the server. Throws a Failure where nothing is in effect. */
export async function houseBeside(dir: string, pid: number, why: string): Promise<House> {
  const settings = await readSettings(dir);
  const beside = await lookBeside(engineSettings(settings), setUpPlugins(await pluginsOf(settings)));
  const what = `the server here (process ${pid}) does not answer: ${why}`;
  const mend = `see what holds it up (its log, ps ${pid}; kill -CONT ${pid} where it was stopped), else stop it and start it again`;
  if (beside === undefined) throw new Failure({ what, mend, status: 1 });
  const reports = await readReports(settings.state);
  const { head, world } = beside;
  const status = async () => ({ state: 'applied' as const, head, applied: world.commit });
  const house = houseOf(
    { ...beside, status },
    { of: (node) => reports.get(node), log: () => undefined },
    { hangs: true, what, mend },
  );
  return {
    ...house,
    report: async (node) => {
      const report = await house.report(node);
      return report === undefined ? undefined : { ...report, log: await readReportLog(settings.state, node) };
    },
  };
}
