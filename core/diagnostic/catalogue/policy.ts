/** Diagnostics of the policy table, as far as it decides what nodes may ask for (LH36x). */
import { defineMessage } from '../diagnostic.ts';

export const policyNotJudged = defineMessage<{ column: string; text: string }>({
  code: 'LH361',
  severity: 'error',
  title: 'a policy row with a condition that is not judged here',
  help: `A row that decides litefile or litetree (its commands name one of them, or are empty) has a time or parameters. litehouse judges
neither, and passing such a condition over would allow or refuse more than the row says. The original never looked at time.

wrong:  "4.7",,,"litefile",,,"8:00-17:00","allow"
right:  "4.7",,,"litefile",,,,"allow"`,
  message: ({ column, text }) =>
    `policy.${column} '${text}' cannot be judged, and this row decides what nodes may ask for`,
  mend: ({ column }) => `empty ${column}, or name other commands than litefile and litetree in this row`,
});

export const policyPriority = defineMessage<{ text: string }>({
  code: 'LH362',
  severity: 'error',
  title: 'a policy priority that is no number',
  help: `The first row that matches decides, by number. A row without a place in that order leaves open who decides.

wrong:  "4,7",,,"litefile",,,,"allow"
right:  "4.7",,,"litefile",,,,"allow"`,
  message: ({ text }) => `policy.priority '${text}' is no number, and this row decides what nodes may ask for`,
  mend: () => 'write a number such as 4.7',
});

export const policyRule = defineMessage<{ text: string; nearest: string | undefined }>({
  code: 'LH363',
  severity: 'warning',
  title: 'a policy rule that is no known word',
  help: `allow, accept and trusted mean yes; every other word means no. A word that is neither of these nor a plain no (deny, refuse,
reject, no) may be a slip, and would keep nodes from booting.

wrong:  "4.7",,,"litefile",,,,"alow"
right:  "4.7",,,"litefile",,,,"allow"`,
  message: ({ text }) => `policy.rule '${text}' is no known word, and so it means no`,
  mend: ({ nearest }) =>
    nearest === undefined ? "write 'allow' or 'deny'" : `did you mean '${nearest}'? Else write 'deny'`,
});

/** `10.0.0.0/24`, `10.0.0.0/255.255.255.0`, `fd00::/64`, `10.0.0.*`: no host can have such a name. */
function isNetwork(text: string): boolean {
  return /^[\da-f.:]+\/[\da-f.:]+$/i.test(text) || /^\d+\.[\d.]*\*/.test(text);
}

export const policyHost = defineMessage<{ name: string }>({
  code: 'LH364',
  severity: 'warning',
  title: 'a policy host without an address',
  help: `The host of a policy row is compared with the address that a request comes from. Names are looked up in the hosts table, never in
DNS; a name that is not there matches nobody. Nor does a network: who is meant by many addresses is said in noderange.

wrong:  "4.6",,"n99","litefile",,,,"deny"      n99 is not in hosts.csv
right:  "4.6",,"10.0.1.99","litefile",,,,"deny"

wrong:  "4.6",,"10.0.1.0/24","litefile",,,,"deny"
right:  "4.6",,,"litefile","rack1",,,"deny"`,
  message: ({ name }) =>
    isNetwork(name)
      ? `policy.host '${name}' is a network, and hosts are compared one by one: it matches no node`
      : `policy.host '${name}' has no address in tables/hosts.csv: it matches no node`,
  mend: ({ name }) =>
    isNetwork(name)
      ? 'empty host, and name the nodes in noderange: groups or names'
      : 'add a hosts row for it, or write the address',
});

export const policyRefuses = defineMessage<{ what: string; why: string }>({
  code: 'LH365',
  severity: 'warning',
  title: 'nodes that may not ask for their answer',
  help: `A node that boots asks for its answer, and needs both litefile and litetree allowed in the policy table. The first row that
matches decides, by number; where none matches the answer is no. Rows with a name match no node: it brings no certificate.

wrong:  only "4.7",,,"litefile",,,,"allow"
right:  "4.7",,,"litefile",,,,"allow" and "4.8",,,"litetree",,,,"allow"`,
  message: ({ what, why }) => `these nodes are to boot statelite, but may not ask for ${what}: ${why}`,
  mend: () => 'allow litefile and litetree to them in tables/policy.csv, or set them to another state',
});

export const policyMissing = defineMessage<Record<never, never>>({
  code: 'LH366',
  severity: 'warning',
  title: 'no policy table',
  help: `Without tables/policy.csv every known node gets its own answer, and nothing else than that can be said. With the table, its rows
decide, and what no row allows is refused.

right:  litehouse chtab priority=4.7 policy.commands=litefile policy.rule=allow
        litehouse chtab priority=4.8 policy.commands=litetree policy.rule=allow`,
  message: () => 'there is no tables/policy.csv: every node may ask for its answer',
  mend: () => 'add the rows 4.7 litefile allow and 4.8 litetree allow, as the template has them',
});

export const policyCommand = defineMessage<{ text: string; nearest: string; blank: boolean }>({
  code: 'LH367',
  severity: 'warning',
  title: 'a policy command that looks mistyped',
  help: `Commands are compared as whole words, between commas, in small letters. A word that is no command matches no request, so that the
row allows or refuses nothing of what nodes ask for. Only words that look like litefile or litetree are told: a site may have commands
of its own.

wrong:  "4.7",,,"litefiles",,,,"allow"      "4.7",,,"lite*",,,,"allow"      "4.7",,,"litefile litetree",,,,"allow"
right:  "4.7",,,"litefile",,,,"allow"       "4.7",,,"litefile,litetree",,,,"allow"`,
  message: ({ text }) => `policy.commands '${text}' is no command: the row does not count for what it seems to mean`,
  mend: ({ nearest, blank }) => (blank ? `write commas between commands: '${nearest}'` : `did you mean '${nearest}'?`),
});

export const policySamePriority = defineMessage<{ text: string; line: number }>({
  code: 'LH368',
  severity: 'warning',
  title: 'two policy rows with one number',
  help: `The first row that matches decides, by number: 4.7 and 4.70 are one number. Two rows with one number, one that allows and one
that refuses, leave it to their order in the file, which a sorting export or another administrator changes without a thought.

wrong:  "4.7",,"n01","litefile",,,,"deny"  and  "4.70",,,"litefile",,,,"allow"
right:  "4.6",,"n01","litefile",,,,"deny"  and  "4.7",,,"litefile",,,,"allow"`,
  message: ({ text, line }) =>
    `policy.priority '${text}' is the number of line ${line} too, which says the opposite: their order in the file decides`,
  mend: () => 'give the row that is to decide first a smaller number',
});
