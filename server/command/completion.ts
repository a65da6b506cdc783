/** `litehouse completion bash|zsh`: a script for the shell, made from the commands that there are; names come from the tables. */
import type { Command, Option } from 'commander';
import { schemas } from '../../core/tables/schemas.ts';
import type { SourceOptions } from '../reading/source.ts';
import { withView } from '../reading/view.ts';
import { type CommandContext, describe, withRemoteSource } from './context.ts';
import { Failure } from './failure.ts';
import { linkNames } from './links.ts';

/** The most words that a shell is given at once. */
const most = 2000;

/** What a command's arguments are, in order; the last one repeats. */
const argumentsOf: Readonly<Record<string, readonly string[]>> = {
  nodels: ['nodes', 'columns'],
  nodes: ['nodes'],
  noderange: ['nodes'],
  release: ['nodes'],
  doctor: ['nodes'],
  explain: ['nodes', 'columns'],
  litefile: ['nodes'],
  litetree: ['nodes'],
  lslite: ['nodes'],
  ilitefile: ['images'],
  llitefile: ['images'],
  tabdump: ['tables'],
  tabedit: ['tables'],
  chtab: ['cells'],
  tabch: ['cells'],
  nodeset: ['nodes', 'states'],
  genimage: ['images'],
  liteimg: ['images'],
  images: ['images'],
};

export function addCompletionCommand(program: Command, context: CommandContext): void {
  const completion = describe(
    program.command('completion'),
    'Print a script that completes commands, options, tables and nodes in a shell.',
    ['completion bash > /etc/bash_completion.d/litehouse', 'completion zsh > ~/.zfunc/_litehouse'],
  );
  describe(completion.command('bash'), 'Print the script for bash.', ['completion bash']).action(() =>
    context.terminal.out(bashScript(program)),
  );
  describe(completion.command('zsh'), 'Print the script for zsh.', ['completion zsh']).action(() =>
    context.terminal.out(zshScript(program)),
  );
  withRemoteSource(completion.command('words <kind> [prefix]', { hidden: true })).action(
    (kind: string, prefix: string | undefined, options: SourceOptions) =>
      printWords(context, options, kind, prefix ?? ''),
  );
}

/** Words of one kind that begin with a prefix, one a line. Nothing where there is no repository: a shell must not see errors. */
async function printWords(
  context: CommandContext,
  options: SourceOptions,
  kind: string,
  prefix: string,
): Promise<void> {
  try {
    await withView(context, { ...options, remote: true }, ({ nodes, images, tables }) => {
      const names = new Set([...schemas.keys(), ...tables.keys()]);
      const columns = (): string[] =>
        [...names].flatMap((name) =>
          [...new Set([...(schemas.get(name)?.columns ?? []), ...(tables.get(name)?.columns ?? [])])].map(
            (column) => `${name}.${column}`,
          ),
        );
      const kinds: Readonly<Record<string, () => Iterable<string>>> = {
        nodes: () => new Set([...[...nodes.values()].flatMap(({ groups }) => groups), ...nodes.keys()]),
        images: () => images.keys(),
        tables: () => names,
        columns,
        cells: () => columns().map((column) => `${column}=`),
        states: () => [
          'statelite',
          'boot',
          'shell',
          'offline',
          ...[...images.keys()].map((name) => `statelite=${name}`),
        ],
      };
      // In a noderange the part after the last comma is completed.
      const comma = kind === 'nodes' ? prefix.lastIndexOf(',') + 1 : 0;
      const [before, start] = [prefix.slice(0, comma), prefix.slice(comma)];
      const words = [...(kinds[kind]?.() ?? [])].filter((word) => word.startsWith(start));
      if (words.length > 0)
        context.terminal.out(
          words
            .slice(0, most)
            .map((word) => before + word)
            .join('\n'),
        );
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

interface CommandWords {
  readonly name: string;
  readonly options: readonly string[];
  /** Those whose value is the next word, of the command and of what is below it. */
  readonly valued: readonly string[];
  readonly below: readonly string[];
}

/** Options of `completion words` that say whose names are meant: the scripts pass them on from the line. */
const passed = ['--dir', '--repo', '--at', '--server', '--token-file'];

function commandWords(program: Command): CommandWords[] {
  const words = (options: readonly Option[]): string[] => [
    ...new Set(options.flatMap(({ short, long }) => [long, short]).filter((it) => it != null)),
  ];
  return program.commands.map((command) => ({
    name: command.name(),
    options: [...words(command.options), '--help'],
    valued: words(
      [command, ...command.commands].flatMap(({ options }) => options.filter((it) => it.required || it.optional)),
    ),
    below: command.commands.map((sub) => sub.name()).filter((name) => name !== 'words'),
  }));
}

function bashScript(program: Command): string {
  const words = commandWords(program);
  const cases = (line: (of: CommandWords) => string | undefined): string =>
    words
      .flatMap((of) => {
        const text = line(of);
        return text === undefined ? [] : [`    ${of.name}) ${text} ;;`];
      })
      .join('\n');
  return `# bash completion for litehouse. Made by: litehouse completion bash
_litehouse() {
  local word=\${COMP_WORDS[COMP_CWORD]} line=\${COMP_LINE:0:COMP_POINT} command= options= valued= kinds= position=0 pending= i
  # Words as the shell will pass them: bash cuts at = and :, which stand in ours.
  local -a typed given=()
  read -ra typed <<< "$line"
  [[ $line == *[[:space:]] ]] && typed+=('')
  local current=\${typed[\${#typed[@]}-1]} called=\${typed[0]##*/}
  # Called by a link, it is the command of that name.
  [[ ' ${linkNames.join(' ')} ' == *" $called "* ]] && typed=(litehouse "$called" "\${typed[@]:1}")
  for ((i = 1; i < \${#typed[@]} - 1; i++)); do
    local it=\${typed[i]}
    if [[ -n $pending ]]; then
      # As the shell will pass it, but for variables.
      it=\${it#[\\'\\"]} it=\${it%[\\'\\"]} it=\${it/#\\~\\//$HOME/}
      [[ ' ${passed.join(' ')} ' == *" $pending "* ]] && given+=("$pending" "$it")
      pending=
      continue
    fi
    case $it in
      --*=*) [[ ' ${passed.join(' ')} ' == *" \${it%%=*} "* ]] && given+=("$it") ;;
      -*) [[ " $valued " == *" $it "* ]] && pending=$it ;;
      *)
        if [[ -n $command ]]; then
          ((position++))
        else
          command=$it
          case $command in
${cases(({ options, valued }) => `options='${options.join(' ')}' valued='${valued.join(' ')}'`)}
          esac
        fi
        ;;
    esac
  done
  if [[ -z $command ]]; then
    COMPREPLY=($(compgen -W '${words.map(({ name }) => name).join(' ')} --help --version' -- "$word"))
    return
  fi
  # The value of an option: mostly a file or a directory.
  if [[ -n $pending || $current == --*=* ]]; then
    [[ $word == = ]] && word=
    COMPREPLY=($(compgen -f -- "$word"))
    return
  fi
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
    return
  fi
  case $command in
${cases(bashWords)}
    *) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  local -a kind=($kinds)
  ((position >= \${#kind[@]})) && position=$((\${#kind[@]} - 1))
  local found cut=\${current%"$word"}
  [[ $word == [=:] ]] && cut=$current && word=
  while IFS= read -r found; do
    [[ -n $found ]] && COMPREPLY+=("\${found#"$cut"}")
  done < <(litehouse completion words "\${kind[position]}" "$current" "\${given[@]}" 2>/dev/null)
  [[ \${kind[position]} == cells && \${#COMPREPLY[@]} -gt 0 ]] && compopt -o nospace
}
complete -F _litehouse litehouse ${linkNames.join(' ')}`;
}

/** What bash offers for the arguments of a command; `images` has commands below it and an argument of its own. */
function bashWords({ name, below }: CommandWords): string | undefined {
  const kinds = argumentsOf[name]?.join(' ');
  const words = `COMPREPLY=($(compgen -W '${below.join(' ')}' -- "$word"))`;
  if (below.length === 0) return kinds === undefined ? undefined : `kinds='${kinds}'`;
  return kinds === undefined ? `${words}; return` : `kinds='${kinds}'; ((position == 0)) && ${words}`;
}

function zshScript(program: Command): string {
  const words = commandWords(program);
  const lines = words.map(({ name, options, valued, below }) => {
    const kinds = argumentsOf[name]?.join(' ') ?? '';
    return `    ${name}) options=(${options.join(' ')}); valued=(${valued.join(' ')}); below=(${below.join(' ')}); kinds=(${kinds}) ;;`;
  });
  return `#compdef litehouse ${linkNames.join(' ')}
# zsh completion for litehouse. Made by: litehouse completion zsh
_litehouse() {
  local -a options valued below kinds found plain given
  local word kind pending
  # Called by a link, it is the command of that name.
  if [[ \${words[1]:t} == (${linkNames.join('|')}) ]]; then
    words=(litehouse \${words[1]:t} "\${(@)words[2,-1]}")
    ((CURRENT++))
  fi
  if ((CURRENT == 2)); then
    compadd -- ${words.map(({ name }) => name).join(' ')} --help --version
    return
  fi
  case $words[2] in
${lines.join('\n')}
  esac
  for word in "\${(@)words[3,CURRENT-1]}"; do
    if [[ -n $pending ]]; then
      # As the shell will pass it, but for variables.
      word=\${(Q)word}
      word=\${word/#\\~\\//$HOME/}
      [[ $pending == (${passed.join('|')}) ]] && given+=($pending $word)
      pending=
    elif [[ $word == --*=* ]]; then
      [[ \${word%%=*} == (${passed.join('|')}) ]] && given+=($word)
    elif [[ $word == -* ]]; then
      ((\${valued[(Ie)$word]})) && pending=$word
    else
      plain+=($word)
    fi
  done
  # The value of an option: mostly a file or a directory.
  if [[ -n $pending ]]; then
    _files
    return
  fi
  if [[ $PREFIX == -* ]]; then
    compadd -- $options
    return
  fi
  if (($#below && ! ($#kinds && $#plain))); then
    compadd -- $below
    (($#kinds)) || return
  fi
  if ((! $#kinds)); then
    _files
    return
  fi
  kind=$kinds[$(($#plain + 1 > $#kinds ? $#kinds : $#plain + 1))]
  found=(\${(f)"$(litehouse completion words $kind "$PREFIX" $given 2>/dev/null)"})
  if [[ $kind == cells ]]; then compadd -S '' -- $found; else compadd -- $found; fi
}
if [[ $funcstack[1] == _litehouse ]]; then _litehouse "$@"; else compdef _litehouse litehouse ${linkNames.join(' ')}; fi`;
}
