import type { Command } from '#core/cli/command.ts'
import { printLine } from '#core/cli/output.ts'

const monster = String.raw`
           __,-""""-,__
        ,-'  _      _  '-,
       /    (o)    (o)    \
      |         __         |
      |   /\   (__)   /\   |
  __  |   \ \________/ /   |  __
 /  \  \   \ v v  v v /   /  /  \
|    \__\   \ ^ ^^ ^ /   /__/    |
 \       \   '------'   /       /
  '-.     '-,        ,-'     ,-'
     '-._    |      |    _,-'
         '---|      |---'
             |  /\  |
            /__/  \__\

Kong, Monolith destroyer.`

export const roar: Command = {
  usage: 'roar [OPTIONS]',
  summary: 'Roar.',
  options: {},
  run: async () => {
    printLine(monster.slice(1))
    return 0
  },
}
