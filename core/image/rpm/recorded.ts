/** Packages as the database of the solved root has them. */

/** A package in a database. The digest is of its header, so that a file of the same name and another content is told apart. */
export interface Recorded {
  readonly name: string;
  readonly evr: string;
  readonly arch: string;
  readonly header: string;
}

/** What `parseRecorded` reads. */
export const recordedForm = '%{NAME}\\t%{EVR}\\t%{ARCH}\\t%{SHA256HEADER} %{SHA1HEADER}\\n';

export function parseRecorded(text: string): Recorded[] {
  return text.split('\n').flatMap((line) => {
    const [name, evr, arch, header] = line.split('\t');
    return name === undefined ||
      evr === undefined ||
      arch === undefined ||
      header === undefined ||
      name === 'gpg-pubkey'
      ? []
      : [{ name, evr, arch, header }];
  });
}

export const keyOf = ({ name, evr, arch, header }: Recorded): string => `${name}\t${evr}\t${arch}\t${header}`;
/** Of its file, without the ending; also how rpm names it where it is to be erased. */
export const fileOf = ({ name, evr, arch }: Recorded): string => `${name}-${evr.replace(/^\d+:/, '')}.${arch}`;

/** A name of a list, which may have * and ?. */
export function globPattern(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`);
}
