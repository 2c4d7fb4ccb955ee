import { appendFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadBackend } from '../../src/model/backend.ts'
import { findModel, readModel, writeModel } from '../../src/model/folder.ts'
import type { NetworkFiles } from '../../src/model/network.ts'
import { modelsDir, smallManifest, smallNetwork } from '../support/small-model.ts'

describe('model folders', () => {
  let files: NetworkFiles

  beforeAll(async () => {
    files = await smallNetwork(await loadBackend(), 1)
  })

  it('are found by name: the newest version, or the one that is named', async () => {
    const versions = ['1.9.0', '1.10.0', '0.99.99']
    const dir = await modelsDir(
      files,
      versions.map((version) => smallManifest(files, { version })),
    )
    await mkdir(join(dir, 'small', 'draft'))
    expect(await findModel(dir, 'small')).toBe(join(dir, 'small', '1.10.0'))
    expect(await findModel(dir, 'small@1.9.0')).toBe(join(dir, 'small', '1.9.0'))
    await expect(findModel(dir, 'small@2.0.0')).rejects.toThrow('there are: 0.99.99, 1.9.0, 1.10.0')
    await expect(findModel(dir, 'large')).rejects.toThrow(/no model large in .*; there are: small/)
    await expect(findModel(join(dir, 'nowhere'), 'small')).rejects.toThrow('there are: none')
  })

  it.each(['../small', 'small/1.0.0', 'small@1.0.0@2', 'small@', '', 'small@latest'])(
    'are not looked for under %j',
    async (wanted) => {
      await expect(findModel('models', wanted)).rejects.toThrow(`'${wanted}' names no model`)
    },
  )

  it('are read as they were written', async () => {
    const manifest = smallManifest(files)
    const folder = await readModel(join(await modelsDir(files, [manifest]), 'small', '1.0.0'))
    expect(folder.manifest).toEqual(manifest)
    expect(folder.topology).toBe(files.topology)
    expect(Buffer.compare(folder.weights, files.weights)).toBe(0)
    expect(folder.hash).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each(['weights.bin', 'model.json'] as const)(
    'whose %s changed are refused by its name',
    async (file) => {
      const path = join(await modelsDir(files, [smallManifest(files)]), 'small', '1.0.0')
      await appendFile(join(path, file), ' ')
      await expect(readModel(path)).rejects.toThrow(`the manifest's files.${file} is`)
      await rm(join(path, file))
      await expect(readModel(path)).rejects.toThrow(`can't read ${join(path, file)}`)
    },
  )

  it('that were moved are refused: name and version are those of the folder', async () => {
    const dir = await modelsDir(files, [smallManifest(files)])
    await rename(join(dir, 'small', '1.0.0'), join(dir, 'small', '1.0.1'))
    await expect(readModel(join(dir, 'small', '1.0.1'))).rejects.toThrow(
      'name and version are small and 1.0.0, the folder says small and 1.0.1',
    )
  })

  it('are not written over unless asked, and then say what changed', async () => {
    const manifest = smallManifest(files)
    const dir = await modelsDir(files, [manifest])
    await expect(writeModel(dir, manifest, files, '# A card\n')).rejects.toThrow('is there already')
    const same = await writeModel(dir, manifest, files, '# A card\n', true)
    expect(same.changed).toEqual([])
    const other = await writeModel(dir, manifest, files, '# Another card\n', true)
    expect(other.changed).toEqual(['README.md'])
    expect((await readdir(other.path)).sort()).toEqual([
      'README.md',
      'manifest.json',
      'model.json',
      'weights.bin',
    ])
    expect(await readdir(join(dir, 'small'))).toEqual(['1.0.0'])
  })

  it('survive a run that broke off before: its half-made folder is no version', async () => {
    const manifest = smallManifest(files)
    const dir = await modelsDir(files, [manifest])
    await mkdir(join(dir, 'small', '1.0.1.new'))
    await writeFile(join(dir, 'small', '1.0.1.new', 'weights.bin'), 'half')
    expect(await findModel(dir, 'small')).toBe(join(dir, 'small', '1.0.0'))
    const { path } = await writeModel(dir, { ...manifest, version: '1.0.1' }, files, '')
    expect((await readModel(path)).manifest.version).toBe('1.0.1')
  })
})
