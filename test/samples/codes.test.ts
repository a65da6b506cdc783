/** Every code of the catalogue is shown by a sample, or named here with the test that covers it; and each explains itself. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type CatalogueEntry, catalogue } from '../../server/command/catalogue.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Codes that a sample's expected diagnostics show, with the severity. */
function codesOf(sample: string): { code: string; severity: string }[] {
  const text = readFileSync(`${root}/test/samples/${sample}/expected/diagnostics.txt`, 'utf8');
  return [...text.matchAll(/^\S*\s?(error|warning) (LH\d{3}):/gm)].map(([, severity = '', code = '']) => ({
    code,
    severity,
  }));
}

const samples = readdirSync(`${root}/test/samples`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** A test file to the codes that it covers; `code=words`: covered without the code's name, where the file says these words. */
const elsewhere: Readonly<Record<string, string>> = {
  'core/tables/parse.test.ts':
    'LH101 LH102 LH103 LH104 LH105 LH106 LH107 LH108 LH109 LH110 LH112 LH113 LH114 LH115 LH116 LH117 LH118 LH119',
  'core/tables/load.test.ts': 'LH120 LH121 LH122',
  'core/edit/edit.test.ts': 'LH741 LH742 LH745 LH747',
  'core/edit/nodeset.test.ts': 'LH743 LH744',
  'server/edits.test.ts': 'LH746',
  'server/command/images/images.test.ts': 'LH748',
  'core/check/check.test.ts': 'LH315=missingTable',
  'core/resolve/mounts.test.ts': 'LH428',
  'core/image/lists/lists.test.ts': 'LH761 LH762 LH763 LH764 LH767 LH768 LH769 LH777',
  'core/image/check.test.ts': 'LH765 LH766 LH770 LH771 LH772 LH773 LH774 LH775 LH776',
  'core/apply/apply.test.ts': 'LH504=preflight LH603 LH604 LH606',
  'core/apply/recovery.test.ts': 'LH601',
  'core/plan/live.test.ts': 'LH511 LH512 LH513',
  'test/world/held-trees.test.ts': 'LH514',
  'core/repo/paths.test.ts': 'LH701 LH702 LH703 LH704 LH705 LH706 LH707 LH708',
  'server/git/push-gate.test.ts': 'LH721 LH722 LH723 LH724=refs/notes/commits LH725 LH726 LH727=HEAD^{tree} LH728',
  'server/settings.test.ts': 'LH901 LH902 LH903',
  'server/plugins.test.ts': 'LH911 LH912 LH913 LH914 LH915 LH916 LH917',
  'plugins/nfs-exports/nfs-exports.test.ts': 'LH811',
  'plugins/nfs-exports/forms.test.ts': 'LH815 LH816 LH817',
  'plugins/syncdirs/syncdirs.test.ts': 'LH827',
  'plugins/dnsmasq/dnsmasq.test.ts': 'LH831 LH832 LH833',
  'plugins/pxelinux/pxelinux.test.ts': 'LH809 LH810',
  'test/samples/faults.test.ts': 'LH123 LH502 LH503 LH505 LH602 LH605',
};

describe('every code', () => {
  const kinds = new Map<string, CatalogueEntry[]>();
  for (const kind of catalogue()) kinds.set(kind.code, [...(kinds.get(kind.code) ?? []), kind]);
  const shown = new Set(samples.flatMap(codesOf).map(({ code }) => code));
  const listed = new Map<string, { file: string; words: string }>();
  for (const [file, codes] of Object.entries(elsewhere)) {
    for (const item of codes.split(' ')) {
      const [code = '', words = code] = item.split('=');
      listed.set(code, { file, words });
    }
  }

  it('belongs to one kind', () => {
    for (const [code, of] of kinds) expect([code, of.length]).toEqual([code, 1]);
  });

  it('is shown by a sample or listed with the test that covers it', () => {
    const bare = [...kinds.keys()].filter((code) => !shown.has(code) && !listed.has(code));
    expect(bare.sort()).toEqual([]);
  });

  it('that is listed is in the test named', () => {
    for (const [code, { file, words }] of listed) {
      expect(existsSync(`${root}/${file}`), file).toBe(true);
      expect(readFileSync(`${root}/${file}`, 'utf8').includes(words), `${code} in ${file}`).toBe(true);
    }
  });

  it('that is listed is in the catalogue', () => {
    expect([...listed.keys()].filter((code) => !kinds.has(code))).toEqual([]);
  });

  it('that a sample shows is in the catalogue', () => {
    expect([...shown].filter((code) => !kinds.has(code))).toEqual([]);
  });

  it('has a title of a few words and a help text that says why', () => {
    for (const [code, [kind]] of kinds) {
      expect(kind?.title.length, code).toBeGreaterThan(5);
      expect(kind?.title.length, code).toBeLessThan(90);
      expect(kind?.help.length, code).toBeGreaterThan(60);
    }
  });
});

describe('the messy dump', () => {
  const found = codesOf('messy-dump');

  it('can be pushed: it has warnings only', () => {
    expect(found.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('has every warning that a sample has, but those that it cannot have together with the others', () => {
    const inDump = new Set(found.map(({ code }) => code));
    const warnings = new Set(
      samples
        .flatMap(codesOf)
        .filter(({ severity }) => severity === 'warning')
        .map(({ code }) => code),
    );
    // Without site.master nobody serves the image, and without a policy table its rows are not seen; with them the rest is.
    // LH426 is about a word that is litehouse's own.
    expect([...warnings].filter((code) => !inDump.has(code)).sort()).toEqual(['LH306', 'LH366', 'LH426']);
  });
});
