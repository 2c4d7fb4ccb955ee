/**
 * The first lines that run, in words that any Node understands: bin/package.json makes the entries CommonJS, since
 * Node before 20.10 refuses an entry without an extension as a module. Checks Node's version, then goes on in
 * modules.
 */
'use strict'

const LEAST_NODE = 20

/** @param {string} entry name of a file in bin/, and of the module in bin/setup/entries/ that does its work */
module.exports = function start(entry) {
  if (Number(process.versions.node.split('.')[0]) < LEAST_NODE) {
    console.error(
      `forewarn needs Node ${LEAST_NODE} or newer; this is Node ${process.versions.node}. Install one from https://nodejs.org.`,
    )
    process.exit(1)
  }
  import(`./entries/${entry}.mjs`).then((module) => module.default(process.argv.slice(2)))
}
