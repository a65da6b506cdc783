/** Versions of the code that builds; each is part of a digest, so raising one builds that artifact again on every server (RULES). */

/** What core/image does to a root tree, whatever the family. */
export const baseVersion = '1';
/** Kernel and initrd. */
export const bootVersion = '1';
/** Clone, live files and links. 2: none below /proc, /sys and /dev. */
export const generationVersion = '2';
