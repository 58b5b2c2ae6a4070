#compdef storescope
# zsh completion of storescope; made by `storescope completions zsh'

_storescope_backends() {
    local -a names
    names=(${(f)"$(storescope completions values backends 2>/dev/null)"})
    compadd -a names
    _files
}

_storescope_contracts() {
    local -a names
    names=(${(f)"$(storescope completions values contracts 2>/dev/null)"})
    compadd -a names
    _files
}

_storescope_recorders() {
    local -a names
    names=(${(f)"$(storescope completions values recorders 2>/dev/null)"})
    compadd -a names
}

_storescope_rules() {
    local -a names
    names=(${(f)"$(storescope completions values rules 2>/dev/null)"})
    compadd -a names
}

_storescope_observers() {
    local -a names
    names=(${(f)"$(storescope completions values observers 2>/dev/null)"})
    compadd -a names
    _files
}

_storescope_words() {
    local -a names
    names=(${(f)"$(storescope completions values words 2>/dev/null)"})
    compadd -a names
}

_storescope_kinds() {
    local -a names
    names=(${(f)"$(storescope completions values kinds 2>/dev/null)"})
    compadd -a names
}

_storescope_reports() {
    if compset -P '*:'; then
        _files
    else
        compadd -S '' -- @reports@:
    fi
}

_storescope() {
    local context state line
    typeset -A opt_args
    local -a commands
    commands=(
@commands@
        'help:What a command does, with examples'
    )
    if ((CURRENT == 2)); then
        _describe command commands
        return
    fi
    local command=$words[2]
    shift words
    ((CURRENT--))
    case $command in
@arguments@
@help@
    esac
}

_storescope "$@"
