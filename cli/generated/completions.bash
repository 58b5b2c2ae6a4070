# bash completion of storescope; made by `storescope completions bash'
_storescope()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} words= files= value= equals=
    # --option=value comes as three words.
    [[ $cur == = || $prev == = ]] && equals=yes
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "--help --version help@commands@" -- "$cur"))
        return
    fi
    case $command:$prev in
@values@
    esac
    if [[ ! $value && $cur == -* ]]; then
        case $command in
@options@
        esac
    elif [[ ! $value ]]; then
        files=yes
        case $command in
@arguments@
@help@
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    [[ $files && ! $words ]] && compopt -o filenames 2>/dev/null
    [[ $files ]] && COMPREPLY+=($(compgen -f -- "$cur"))
    [[ ${COMPREPLY[0]} == *: ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -F _storescope storescope
