/** Diagnostics of edits that commands make (LH74x): what was asked cannot be said in the tables, or the tables moved meanwhile. */
import { defineMessage } from '../diagnostic.ts';

export const editUnknown = defineMessage<{ what: string; nearest: string | undefined }>({
  code: 'LH741',
  severity: 'error',
  title: 'an edit names a table or column that there is not',
  help: `Commands write only into tables and columns that litehouse or the file itself knows: a slip of the pen would otherwise become a
column that nothing reads.

wrong:  litehouse chtab node=n01 noderes.nfsserv=10.0.0.1
right:  litehouse chtab node=n01 noderes.nfsserver=10.0.0.1`,
  message: ({ what }) => `there is no ${what}`,
  mend: ({ nearest }) =>
    nearest === undefined
      ? 'litehouse tabdump lists the tables, litehouse tabdump TABLE shows one'
      : `did you mean ${nearest}?`,
});

export const editKey = defineMessage<{ what: string; mend: string }>({
  code: 'LH742',
  severity: 'error',
  title: 'the key of an edit does not name one row',
  help: `chtab changes one row, found by the columns without a table's name, or adds it where there is none. Where several rows have that
key it is not known which is meant. With -d all rows of the key go.

wrong:  litehouse chtab file=/etc/motd litefile.options=ro      with two rows for /etc/motd
right:  litehouse chtab image=ALL file=/etc/motd litefile.options=ro`,
  message: ({ what }) => what,
  mend: ({ mend }) => mend,
});

export const editImage = defineMessage<{ what: string; mend: string }>({
  code: 'LH743',
  severity: 'error',
  title: 'nodeset finds no image',
  help: `A node in state statelite or shell boots an image of the osimage table. It is named by its own name or as <os>-<arch>-<profile>;
without a name the node keeps the one that it has.

right:  litehouse nodeset n01 statelite=rhels5.4-x86_64-statelite-compute
        litehouse nodeset n01 statelite=rhels5.4-x86_64-compute
        litehouse nodeset n01 statelite`,
  message: ({ what }) => what,
  mend: ({ mend }) => mend,
});

export const editNodes = defineMessage<{ what: string; mend: string }>({
  code: 'LH744',
  severity: 'error',
  title: 'the noderange of an edit cannot be used',
  help: `An edit changes the nodes asked for, all of them or none: a name that is neither a node nor a group refuses the whole edit.

wrong:  litehouse nodeset n01,n99 boot      where there is no n99
right:  litehouse nodeset n01 boot`,
  message: ({ what }) => what,
  mend: ({ mend }) => mend,
});

export const editConflict = defineMessage<{ table: string; what: string }>({
  code: 'LH745',
  severity: 'error',
  title: 'somebody else changed the same rows while a table was edited',
  help: `tabedit joins your edit with what others did meanwhile, row by row and cell by cell. What both changed, to different values, a
person has to decide: nothing is overwritten in silence. The text that you wrote is kept in a file.`,
  message: ({ table, what }) => `${table} was changed by somebody else meanwhile: ${what}`,
  mend: ({ table }) => `look at it (litehouse tabdump ${table}) and edit it again`,
});

export const editBusy = defineMessage<{ why: string }>({
  code: 'LH746',
  severity: 'error',
  title: 'the branch was too busy for an edit',
  help: `An edit is computed on the newest commit, and again when another commit came first. After several times it gives up; nothing
was changed.`,
  message: ({ why }) => `the edit was not made: ${why}`,
  mend: () => 'run the command again',
});

export const editWords = defineMessage<{ what: string; mend: string }>({
  code: 'LH747',
  severity: 'error',
  title: 'an edit that says nothing that can be done',
  help: `What was asked is no edit, or the tables cannot hold it so that exactly the nodes asked for change.

right:  litehouse chtab KEY=VALUE TABLE.COLUMN=VALUE
        litehouse chtab -d KEY=VALUE TABLE
        litehouse nodeset NODERANGE statelite[=IMAGE]|boot|shell|offline`,
  message: ({ what }) => what,
  mend: ({ mend }) => mend,
});

export const editNotBuilt = defineMessage<{ image: string; why: string; mend: string }>({
  code: 'LH748',
  severity: 'error',
  title: 'genimage of an image that nothing here would build',
  help: `An image is built by the plugin that knows its system (debian, rh, sles), on a server that builds images (setting "images"). What
no plugin builds is external: a tree, kernel and initrd of your own. genimage says so before it writes rows that would ask for a build.
Wrong: litehouse genimage -o aix7 -p compute. Right: litehouse genimage -o debian12 -p compute.`,
  message: ({ image, why }) => `image '${image}' would be external: ${why}`,
  mend: ({ mend }) => mend,
});
