/**
 * How deep the proofs go. `npm test` takes minutes; with TEST_FULL=1 (`npm run test:full`, which CI runs) they are as long
 * as the checks that they are named by ask for, and `*.full.test.ts` come in.
 */
const IS_FULL = process.env.TEST_FULL === '1'

/** @returns the number for the whole proof, or for the quick one */
export function depth(full: number, quick: number): number {
  return IS_FULL ? full : quick
}
