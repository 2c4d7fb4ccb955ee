/** Patterns over asset ids, as `assets:` and `match:` of the config have them: literal text and `*`. */

/**
 * @param pattern an asset id, or text with `*` for any run of letters
 * @returns a test for asset ids
 */
export function assetPattern(pattern: string): (asset: string) => boolean {
  if (pattern === '*') return () => true
  if (!pattern.includes('*')) return (asset) => asset === pattern
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*')
  const expression = new RegExp(`^${source}$`)
  return (asset) => expression.test(asset)
}
