/** `litehouse check`: what is wrong with a config repository, before or after it is pushed. */
import type { Command } from 'commander';
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';
import { diagnosticToJson } from '../../core/plan/json.ts';
import { renderDiagnostics } from '../../core/plan/render.ts';
import { openPreviewer } from '../reading/preview.ts';
import { openSource, type SourceOptions } from '../reading/source.ts';
import { paint, type Terminal } from '../terminal.ts';
import { type CommandContext, count, describe, printJson, withJson, withSource } from './context.ts';

export function addCheckCommand(program: Command, context: CommandContext): void {
  withJson(
    withSource(
      describe(program.command('check'), 'Check a config repository; say where each fault is and how to mend it.', [
        'check',
        'check --repo ~/cluster --at topic',
      ]),
    ),
  ).action(async (options: SourceOptions & { json?: boolean }) => {
    const source = await openSource(context, options);
    try {
      const previewer = await openPreviewer(context, options);
      const preview = await context.terminal.during('checking', previewer(source.snapshot));
      const { diagnostics, ok } = preview;
      if (!ok) context.status = 1;
      if (options.json) {
        printJson(context, { commit: preview.commit, ok, diagnostics: diagnostics.map(diagnosticToJson) });
        return;
      }
      printDiagnostics(context.terminal, diagnostics);
      const nodes = count(preview.view.nodes.size, 'node');
      context.terminal.out(`${source.called}: ${verdict(diagnostics, ok)}; ${nodes}`);
    } finally {
      await source.close();
    }
  });
}

/** All of them, errors first. */
export function printDiagnostics(terminal: Terminal, diagnostics: readonly Diagnostic[]): void {
  for (const line of renderDiagnostics(diagnostics, { width: terminal.width })) {
    const severity = / (error|warning) LH\d+: /.exec(line)?.[1] ?? /^(error|warning) LH\d+: /.exec(line)?.[1];
    terminal.out(
      severity === undefined
        ? line
        : line.replace(severity, paint(terminal, severity === 'error' ? 'red' : 'yellow', severity)),
    );
  }
}

/** `2 errors, 1 warning`, `no errors, 3 warnings`, `all well`. */
export function verdict(diagnostics: readonly Diagnostic[], ok: boolean): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  if (errors === 0 && warnings === 0) return ok ? 'all well' : 'refused';
  const texts = [errors === 0 ? 'no errors' : count(errors, 'error')];
  if (warnings > 0) texts.push(count(warnings, 'warning'));
  return texts.join(', ');
}
