/** What the artifacts of an image are made of, as plain data: planned purely from a commit, parsed again before a build. */
import { z } from 'zod';

const file = z.object({
  /** In the repository. */
  path: z.string(),
  /** git blob id: the content, in digests. */
  blob: z.string(),
});
/** A file of the commit; its bytes come from `BuildContext.readFile`. */
export type RecipeFile = z.infer<typeof file>;

const packagePass = z.object({
  /** Names, globs, `@group`s (rh), `sub/dir/name` resolved to `name` (otherpkgs), in list order. */
  install: z.array(z.string()),
  /** `-name`: removed before, `--name`: removed after this pass installs (facts 8). */
  removeBefore: z.array(z.string()),
  removeAfter: z.array(z.string()),
});
/** What one pass over the package manager does; `#NEW_INSTALL_LIST#` starts the next one. */
export type PackagePass = z.infer<typeof packagePass>;

const repository = z.object({
  /** `plaindir` (a folder of packages, an index is made), `rpm-md`, `deb` (a line of sources.list as url), or blank: found out. */
  type: z.string(),
  /** URL, or absolute directory as the tables name it. */
  url: z.string(),
  /** Where that directory is below root `install`, if it is (`/install/post/otherpkgs` is `post/otherpkgs`). */
  below: z.string().optional(),
  alias: z.string(),
  /** For people and errors: the cell or list line that names it. */
  from: z.string(),
});
export type PackageRepository = z.infer<typeof repository>;

const packageList = z.object({
  kind: z.enum(['distribution', 'other']),
  /** The list file, then every file that it includes. */
  files: z.array(file),
  passes: z.array(packagePass),
});
export type PackageList = z.infer<typeof packageList>;

/** What a base (a root tree with packages, kernel and accounts, without links) is built from. Its digest covers all of it. */
export const baseRecipe = z.object({
  step: z.literal('base'),
  /** `<family>/<version>` of the code that builds; raised where the same recipe gives another tree. */
  recipe: z.string(),
  family: z.string(),
  image: z.string(),
  os: z.string(),
  arch: z.string(),
  profile: z.string(),
  /** Distribution's own, first. */
  repositories: z.array(repository),
  /** Third-party (otherpkgdir, .repolist). */
  otherRepositories: z.array(repository),
  lists: z.array(packageList),
  /** Patterns of the .exlist, in order; removed from the finished tree (`+` puts back). */
  exlist: z.object({ files: z.array(file), patterns: z.array(z.string()) }).optional(),
  postinstall: file.optional(),
  scriptNetwork: z.boolean(),
  /** linuximage.kernelver / -k; undefined: the newest in the tree. krpmver: package version of it, where given. */
  kernelVersion: z.string().optional(),
  /** For errors: the cell that names it, `tables/linuximage.csv:2`. In no digest. */
  kernelVersionFrom: z.string().optional(),
  kernelPackageVersion: z.string().optional(),
  /** images/<name>/rootimg/{boot,lib/modules,usr/lib/modules}: laid into the tree after packages. Links have `link: true`. */
  kernelFiles: z.array(
    file.extend({
      to: z.string(),
      mode: z.number(),
      link: z.boolean(),
      uid: z.number().optional(),
      gid: z.number().optional(),
    }),
  ),
  /** images/<name>/lock: exact versions to install. */
  lock: file.optional(),
  /** images/<name>/taken: when and in which state repositories were taken in (`images update`); only its digest matters. */
  taken: file.optional(),
  /** `passwd`, `ssh` (cookbook 2.9) and what they are made of. */
  addons: z.array(z.enum(['passwd', 'ssh'])),
  /** passwd table, key `system`: user and crypt hash (never a clear word), for addon passwd. */
  accounts: z.array(z.object({ user: z.string(), hash: z.string() })),
  /** custom/accounts/{passwd,group,shadow}, authorized_keys: files of addons, by their name. */
  accountFiles: z.array(file),
});
export type BaseRecipe = z.infer<typeof baseRecipe>;

/** Kernel and initrd that nodes fetch; built from a finished base. */
export const bootRecipe = z.object({
  step: z.literal('boot'),
  recipe: z.string(),
  image: z.string(),
  os: z.string(),
  arch: z.string(),
  profile: z.string(),
  base: z.string(),
  form: z.enum(['small', 'dracut']),
  kernelVersion: z.string().optional(),
  netdrivers: z.array(z.string()),
  /** For errors: the cell that names the drivers, `tables/linuximage.csv:2`. In no digest. */
  netdriversFrom: z.string().optional(),
  bootInterface: z.string().optional(),
  otherInterfaces: z.array(z.string()),
  /** Mode of the tmpfs on /.statelite, octal text. */
  permission: z.string(),
  /** Digest of the node's boot program, so that a new one makes a new initrd. */
  program: z.string(),
});
export type BootRecipe = z.infer<typeof bootRecipe>;

/** A clone of a base with live files laid in (not in the digest) and links made. */
export const generationRecipe = z.object({
  step: z.literal('generation'),
  recipe: z.string(),
  image: z.string(),
  base: z.string(),
  /** As frozen into the generation; `kind` is a LiteKind. */
  entries: z.array(z.object({ path: z.string(), directory: z.boolean(), kind: z.string() })),
});
export type GenerationRecipe = z.infer<typeof generationRecipe>;

export const imageRecipe = z.discriminatedUnion('step', [baseRecipe, bootRecipe, generationRecipe]);
export type ImageRecipe = z.infer<typeof imageRecipe>;
