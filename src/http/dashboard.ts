/**
 * The dashboard at `/`: static files without a build step, each a route of its own, so that nothing but
 * those files can be reached. The page loads without a token and asks for it where one is set.
 */
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'

const PAGE = 'index.html'
const PAGE_FILE = /\.(html|js|css|svg|png|webmanifest)$/

/** Path that is served → file of the package uplot. */
const VENDOR_FILES = {
  '/vendor/uPlot.js': 'uPlot.esm.js',
  '/vendor/uPlot.css': 'uPlot.min.css',
} as const

export async function serveDashboard(app: FastifyInstance): Promise<void> {
  const pageFolder = findPageFolder()
  const vendorFolder = join(dirname(createRequire(import.meta.url).resolve('uplot/package.json')), 'dist')
  await app.register(fastifyStatic, { root: pageFolder, serve: false, cacheControl: false })
  const serve = (path: string, file: string, folder: string) =>
    app.get(path, { config: { open: true }, schema: { hide: true } }, (_request, reply) =>
      // Asked for anew each time (by its etag): after an update no one works with half an old page.
      reply.header('cache-control', 'no-cache').sendFile(file, folder),
    )
  serve('/', PAGE, pageFolder)
  for (const file of readdirSync(pageFolder)) {
    if (file !== PAGE && PAGE_FILE.test(file)) serve(`/ui/${file}`, file, pageFolder)
  }
  for (const [path, file] of Object.entries(VENDOR_FILES)) serve(path, file, vendorFolder)
}

/** Beside this file; for the program put together, beside the folder of its chunks. */
function findPageFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  const folders = [join(here, 'ui'), join(here, '../http/ui')]
  const found = folders.find((folder) => existsSync(join(folder, PAGE)))
  if (found === undefined) throw new Error(`the dashboard's files are in none of ${folders.join(', ')}`)
  return found
}
