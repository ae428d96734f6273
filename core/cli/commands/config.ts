import { existsSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { MeshError } from '#core/base/errors.ts'
import {
  confOption,
  prefixOption,
  textOption,
  type Command,
  type CommandArguments,
  type CommandContext,
} from '#core/cli/command.ts'
import { loadNodeConfig, type NodeOptions } from '#core/cli/configuration.ts'

/** Where `init` and `db_export` write, in the working directory. */
const fileName = 'kong.yml'

export const config: Command = {
  usage: 'config COMMAND [OPTIONS] [FILE]',
  summary: 'Work with declarative configurations.',
  subcommands: {
    init: `write an example to ./${fileName}`,
    parse: 'check the file',
    db_import: 'put the entities of the file into the database',
    import: 'the same as db_import',
    db_export: `write all entities of the database to the file (default ./${fileName})`,
  },
  positionals: 1,
  options: { conf: confOption, prefix: prefixOption },
  run: async (args, context) => {
    switch (args.subcommand) {
      case 'init': {
        const { exampleConfig } = await import('#core/cli/example-config.ts')
        writeNew(fileName, exampleConfig, context)
        return 0
      }
      case 'parse':
        return parse(args, context)
      case 'db_export':
        return dbExport(args, context)
      case undefined:
      default:
        return dbImport(args, context)
    }
  },
}

async function parse(args: CommandArguments, context: CommandContext): Promise<number> {
  const file = fileArgument(args)
  const { readDeclared } = await import('#core/cli/declared-file.ts')
  await readDeclared(resolve(context.cwd, file), loadNodeConfig(context, nodeOptions(args)))
  context.output.line('parse successful')
  return 0
}

async function dbImport(args: CommandArguments, context: CommandContext): Promise<number> {
  const file = fileArgument(args)
  const settings = loadNodeConfig(context, nodeOptions(args))
  if (settings.database === 'off') {
    throw new MeshError(
      'no-database',
      "'kong config db_import' only works with a database.\nWhen using database=off, reload your declarative configuration\nusing the /config endpoint.",
    )
  }
  const { importDeclared, readDeclared } = await import('#core/cli/declared-file.ts')
  const declared = await readDeclared(resolve(context.cwd, file), settings)
  context.output.line('parse successful, beginning import')
  await importDeclared(declared, settings)
  context.output.line('import successful')
  return 0
}

async function dbExport(args: CommandArguments, context: CommandContext): Promise<number> {
  const file = args.positionals[0] ?? fileName
  const settings = loadNodeConfig(context, nodeOptions(args))
  if (settings.database === 'off') {
    throw new MeshError('no-database', "'kong config db_export' only works with a database.")
  }
  const { exportDeclared } = await import('#core/cli/declared-file.ts')
  writeNew(file, await exportDeclared(settings), context)
  return 0
}

function nodeOptions(args: CommandArguments): NodeOptions {
  return { conf: textOption(args, 'conf'), prefix: textOption(args, 'prefix') }
}

function fileArgument(args: CommandArguments): string {
  const [file] = args.positionals
  if (file === undefined) {
    throw new MeshError(
      'no-file',
      'expected a declarative configuration file; see `kong config --help`',
    )
  }
  return file
}

function writeNew(file: string, text: string, { cwd }: CommandContext): void {
  const path = resolve(cwd, file)
  if (existsSync(path)) {
    const where =
      file === fileName
        ? `${file} already exists in the current directory.`
        : `${file} already exists.`
    throw new MeshError('file-exists', `${where}\nWill not overwrite it.`)
  }
  writeFileSync(path, text, { flag: 'wx' })
}
