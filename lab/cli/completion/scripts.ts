/** What each shell is to run once; it then asks `meshyard completion words`. */
export const completionScripts: Readonly<Record<string, string>> = {
  bash: String.raw`_meshyard() {
  local IFS=$'\n'
  COMPREPLY=($(meshyard completion words "${'$'}{COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [ ${'$'}{#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- "${'$'}{COMP_WORDS[COMP_CWORD]}"))
}
complete -o filenames -F _meshyard meshyard
`,
  zsh: String.raw`#compdef meshyard
_meshyard() {
  local -a found
  found=("${'$'}{(@f)$(meshyard completion words "${'$'}{words[@]:1:$((CURRENT - 1))}" 2>/dev/null)}")
  if [ -n "$found" ]; then compadd -a found; else _files; fi
}
if [ "${'$'}{funcstack[1]}" = _meshyard ]; then
  _meshyard "$@"
else
  (( ${'$'}{+functions[compdef]} )) || { autoload -Uz compinit && compinit; }
  compdef _meshyard meshyard
fi
`,
  fish: String.raw`function __meshyard_words
  set -l words (commandline -opc) (commandline -ct)
  set -l found (meshyard completion words $words[2..-1] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c meshyard -f -a '(__meshyard_words)'
`,
}
