/** Gives equal texts as one string: most nodes share their lines and clients, and a plan keeps those of every node. */
export function onlyOnce(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const first = known.get(text);
    if (first === undefined) known.set(text, text);
    return first ?? text;
  };
}
