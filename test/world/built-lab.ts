/** A small cluster with a built image, for tests of nodes that wait: n01 and n02 boot a built image, n03 an external one. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Engine, EngineSettings } from '../../core/engine/types.ts';
import { importCommits, initBare, type NewCommit } from '../cluster/repository.ts';
import slowImage from '../plugins/slow-image.ts';
import { until } from '../until.ts';
import { type LabOptions, labEngine, read, setMain, temporary } from './engine-lab.ts';

export const lines = (...rows: string[]): string => rows.map((row) => `${row}\n`).join('');

function tables(change: Readonly<Record<string, string>> = {}): Map<string, { text: string; mode: '100644' }> {
  const files: Record<string, string> = {
    'tables/nodelist.csv': lines('#node,groups', '"n01","built,all"', '"n02","built,all"', '"n03","plain,all"'),
    'tables/nodetype.csv': lines(
      '#node,os,arch,profile,provmethod',
      '"built","test1","x86_64","a","img"',
      '"plain","rh5","x86_64","a","ext"',
    ),
    'tables/noderes.csv': lines('#node,netboot,nfsserver,xcatmaster', '"all","pxe","10.0.0.1","10.0.0.1"'),
    'tables/chain.csv': lines('#node,currstate', '"all","statelite"'),
    'tables/mac.csv': lines(
      '#node,mac',
      '"n01","00:00:00:00:00:01"',
      '"n02","00:00:00:00:00:02"',
      '"n03","00:00:00:00:00:03"',
    ),
    'tables/hosts.csv': lines('#node,ip', '"n01","10.0.0.11"', '"n02","10.0.0.12"', '"n03","10.0.0.13"'),
    'tables/networks.csv': lines('#netname,net,mask', '"c","10.0.0.0","255.255.255.0"'),
    'tables/site.csv': lines('#key,value', '"master","10.0.0.1"'),
    'tables/osimage.csv': lines(
      '#imagename,profile,osvers,osarch',
      '"img","a","test1","x86_64"',
      '"ext","a","rh5","x86_64"',
    ),
    'tables/litefile.csv': lines('#image,file,options', '"ALL","/etc/motd",""'),
    'tables/litetree.csv': lines('#priority,image,directory'),
    'tables/statelite.csv': lines('#node,image,statemnt'),
    ...change,
  };
  return new Map(Object.entries(files).map(([path, text]) => [path, { text, mode: '100644' as const }]));
}

export const oneMoreFile = {
  'tables/litefile.csv': lines('#image,file,options', '"ALL","/etc/motd",""', '"ALL","/etc/issue",""'),
};

/** One laboratory a test; made and removed by hooks of the test file that asks for it. */
export class BuiltLab {
  repository = '';
  dir = '';
  /** Its word decides whether builds are slow, fail or succeed. */
  marker = '';
  /** The engine that runs, if one does. */
  engine: Engine | undefined;
  #temporary: ReturnType<typeof temporary> | undefined;

  async make(): Promise<void> {
    this.#temporary = temporary('waiting');
    this.repository = join(this.#temporary.dir, 'config.git');
    this.dir = join(this.#temporary.dir, 'world');
    this.marker = join(this.#temporary.dir, 'marker');
    await initBare(this.repository);
  }

  async remove(): Promise<void> {
    this.builds('');
    await this.stop();
    this.#temporary?.remove();
  }

  builds(word: 'slow' | 'fail' | 'command' | ''): void {
    writeFileSync(this.marker, word);
  }

  /** Commits on one line, each the base cluster with other files in place. */
  commits(...changes: Readonly<Record<string, string>>[]): Promise<string[]> {
    const all = changes.map((change) => tables(change));
    const steps: NewCommit[] = all.map((files, i) => {
      const gone = [...(all[i - 1]?.keys() ?? [])].filter((path) => !files.has(path));
      const removed = gone.map((path) => [path, undefined] as const);
      const parents = i === 0 ? [] : [i - 1];
      return { subject: `commit ${i}`, branch: 'main', parents, changes: new Map([...removed, ...files]) };
    });
    return importCommits(this.repository, steps);
  }

  async start(onStep?: EngineSettings['onStep'], more: Partial<LabOptions> = {}): Promise<Engine> {
    const { repository, dir, marker } = this;
    const options = { 'slow-image': { marker } };
    const plugins = [slowImage];
    this.engine = await labEngine({ repository, dir, images: 'built', plugins, options, onStep, ...more });
    return this.engine;
  }

  async stop(): Promise<void> {
    await this.engine?.close();
    this.engine = undefined;
  }

  async running(): Promise<Engine> {
    return this.engine ?? this.start();
  }

  /** Moves main and looks; throws where it cannot be applied. */
  async apply(commit: string): Promise<void> {
    setMain(this.repository, commit);
    const result = await (await this.running()).reconcile('test');
    if (!result.ok) throw new Error(result.lines.join('\n'));
  }

  boot(node: string): string {
    return read(join(this.dir, 'tftp/pxelinux.cfg', node));
  }

  async state(): Promise<string> {
    return (await (await this.running()).status()).state;
  }

  /** Waits until all is built and flipped. */
  applied(): Promise<void> {
    return until('applied', async () => (await this.state()) === 'applied');
  }
}

/** A laboratory for each test of the file. */
export function builtLab(): BuiltLab {
  const lab = new BuiltLab();
  beforeEach(() => lab.make());
  afterEach(() => lab.remove());
  return lab;
}
