// @ts-check
/** bin/build: packages and dist/. */
import { bringUp, orSayWhy } from '../bring.mjs'

export default async function build() {
  await orSayWhy(async () => {
    await bringUp({ dev: true })
  })
}
