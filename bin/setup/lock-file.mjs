// @ts-check
/**
 * Completes package-lock.json. A registry that lacks other platforms' binaries (a mirror that holds what it was asked
 * for) makes npm leave their optional packages out of the lock file, and `npm ci` then refuses that lock file
 * everywhere. They are added as npm writes them, without the hash that this machine can't know: version from the
 * package that wants them, platform from their name. Run it (`npm run lock`) after each change of the dependencies.
 */

/** @typedef {{ version?: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[], optionalDependencies?: Record<string, string> }} Entry */
/** @typedef {Record<string, Entry>} Packages */

const SYSTEMS = 'aix android darwin freebsd linux netbsd openbsd openharmony sunos win32'
const PROCESSORS = 'arm64 arm ia32 loong64 mips64el ppc64 riscv64 s390x x64'

/**
 * Optional packages that another one wants and the lock file lacks: where they would stand, and who wants them.
 * @param {Packages} packages
 */
export function missingOptionals(packages) {
  return Object.entries(packages).flatMap(([wantedBy, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !isFound(packages, wantedBy, name))
      .map(([name, version]) => ({ name, version, wantedBy })),
  )
}

/**
 * The lock file's packages with the missing ones added, in npm's order.
 * @param {Packages} packages
 * @returns {Packages}
 */
export function completed(packages) {
  const all = { ...packages }
  for (const { name, version, wantedBy } of missingOptionals(packages)) {
    if (!/^\d+\.\d+\.\d+/.test(version)) {
      throw new Error(
        `${wantedBy} wants ${name}@${version}, and a range can't be completed without the registry`,
      )
    }
    const dev = packages[wantedBy]?.dev ? { dev: true } : {}
    const { cpu, libc, os } = platformOf(name)
    all[`node_modules/${name}`] = { version, cpu, ...dev, ...(libc && { libc }), optional: true, os }
  }
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b, 'en')))
}

/**
 * What a binary package's name says of the machine that it is for.
 * @param {string} name such as `@rollup/rollup-linux-arm64-musl`
 */
export function platformOf(name) {
  const words = (name.split('/').at(-1) ?? name).split('-')
  const os = words.find((word) => SYSTEMS.split(' ').includes(word))
  const cpu = words.find((word) => PROCESSORS.split(' ').includes(word))
  if (os === undefined || cpu === undefined) throw new Error(`the name ${name} tells no platform`)
  const last = words.at(-1) ?? ''
  const libc =
    os !== 'linux' ? null : last.startsWith('musl') ? ['musl'] : last.startsWith('gnu') ? ['glibc'] : null
  return { os: [os], cpu: [cpu], libc }
}

/**
 * Node's own search: in the package's node_modules, then in each folder's above it.
 * @param {Packages} packages
 * @param {string} from
 * @param {string} name
 */
function isFound(packages, from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`] !== undefined) return true
    if (at === '') return false
  }
}
