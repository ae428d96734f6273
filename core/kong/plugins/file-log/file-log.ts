import { resolve } from 'node:path'
import { logFilter } from '#core/kong/plugins/log-record/log-filter.ts'
import { logPluginRules } from '#core/kong/plugins/log-record/log-plugin-rules.ts'
import { openOutbox } from '#core/kong/plugins/log-record/outboxes.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import { FileAppender } from './file-appender.ts'

interface FileLogConfig {
  readonly path: string
  /** Whether the file is opened anew each time, so that it can be moved away. */
  readonly reopen: boolean
}

/** Appends the record of each exchange to a file, as a line of JSON. Kong 1.1, "File Log". */
export const fileLog = definePlugin<FileLogConfig>({
  ...logPluginRules,
  name: 'file-log',
  priority: 9,
  config: {
    fields: {
      path: {
        type: 'string',
        required: true,
        matchAll: [{ pattern: /^[^*&%\\`]+$/, fault: 'not a valid filename' }],
      },
      reopen: { type: 'boolean', default: false },
    },
  },
  openHttp: ({ path, reopen }, host) => {
    const file = new FileAppender(resolve(path))
    const outbox = openOutbox(host, {
      name: 'file-log',
      deliver: async (records, signal) => {
        await file.append(`${records.join('\n')}\n`, signal)
        if (reopen) await file.close()
      },
      release: () => file.close(),
    })
    return logFilter(host, (record) => outbox.add(JSON.stringify(record)))
  },
})
