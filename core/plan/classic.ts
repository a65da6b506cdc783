/** The lists that the original's node scripts ask for, `litefile` and `litetree`, made from the text of an answer. */
import type { NodeCommand } from '../policy/rows.ts';
import type { Dialect } from '../resolve/options.ts';
import type { LiteKind } from '../resolve/view.ts';

/** The word that scripts of each time know for a kind; what the cookbook's had no word for is named by the later one. */
const optionWords: Readonly<Record<Dialect, Readonly<Record<LiteKind, string>>>> = {
  cookbook: {
    link: 'tmpfs',
    'link+persistent': 'persistent',
    'link+ro': 'ro',
    'link+con': 'con',
    bind: 'bind',
    'bind+persistent': 'bind,persistent',
    'bind+ro': 'ro',
    'bind+con': 'con',
    'bind+localdisk': 'localdisk',
  },
  later: {
    link: 'link',
    'link+persistent': 'link,persistent',
    'link+ro': 'link,ro',
    'link+con': 'link,con',
    bind: 'tmpfs',
    'bind+persistent': 'persistent',
    'bind+ro': 'ro',
    'bind+con': 'con',
    'bind+localdisk': 'localdisk',
  },
};

/**
 * `NODE: %-13s PATH` a litefile entry, or `NODE: server:/dir` a tree with ` :mntopts` where it has some (facts 3). Trees that the
 * answer calls absent are left out: a script of the original would try for minutes to mount them.
 *
 * @param answer an answer as `answerText` makes it
 */
export function classicList(answer: string, command: NodeCommand, dialect: Dialect): string {
  let node = '';
  let text = '';
  for (const line of answer.split('\n')) {
    const [word, ...fields] = line.split('\t');
    if (word === 'node') node = fields[0] ?? '';
    else if (command === 'litefile' && (word === 'file' || word === 'directory')) {
      const [kind = '', path = ''] = fields;
      const option = optionWords[dialect][kind as LiteKind] ?? kind;
      text += `${node}: ${option.padEnd(13)} ${path}${word === 'directory' ? '/' : ''}\n`;
    } else if (command === 'litetree' && word === 'tree') {
      const [, , server = '-', path = '', options] = fields;
      text += `${node}: ${server === '-' ? '' : `${server}:`}${path}${options === undefined ? '' : ` :${options}`}\n`;
    }
  }
  return text;
}
