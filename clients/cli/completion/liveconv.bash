# Completion of liveconv for bash: commands and options as --help tells them.

_liveconv_words() {
    # The first words of the indented lines of a help, and every --option in it.
    liveconv "$@" --help 2>/dev/null | sed -n \
        -e 's/^  \([a-z][a-z-]*\)\( \([a-z][a-z-]*\)\)\{0,1\}  .*/\1 \3/p' \
        -e 's/^ .*\(--[a-z][a-z-]*\).*/\1/p'
}

_liveconv() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local -a command=()
    local word skip=""
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [ -n "$skip" ]; then
            skip=""
        elif [[ $word == --server || $word == --token || $word == --token-file ||
            $word == --ca-file || $word == --timeout || $word == --request-id ||
            $word == -s || $word == -t ]]; then
            skip=1
        elif [[ $word != -* && ${#command[@]} -lt 2 ]]; then
            command+=("$word")
        fi
    done
    case $previous in
    --token-file | --ca-file | --secret-file)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --level)
        mapfile -t COMPREPLY < <(compgen -W "a1 a2 b1 b2 c1 c2" -- "$current")
        return
        ;;
    --type)
        mapfile -t COMPREPLY < <(compgen -W "group private practice cultural" -- "$current")
        return
        ;;
    --visibility)
        mapfile -t COMPREPLY < <(compgen -W "public unlisted invited" -- "$current")
        return
        ;;
    --mine)
        mapfile -t COMPREPLY < <(compgen -W "own hosting booked invited" -- "$current")
        return
        ;;
    --role)
        mapfile -t COMPREPLY < <(compgen -W "student instructor admin service" -- "$current")
        return
        ;;
    esac
    local words
    case ${command[0]:-} in
    "") words=$(_liveconv_words | awk '{ print $1 }') ;;
    conversations | feedback)
        if [ ${#command[@]} -lt 2 ] && [[ $current != -* ]]; then
            words=$(_liveconv_words "${command[0]}" | awk '{ print $2 }')
        else
            words=$(_liveconv_words "${command[@]}" | grep '^--'; _liveconv_words | grep '^--')
        fi
        ;;
    *) words=$(_liveconv_words "${command[0]}" | grep '^--'; _liveconv_words | grep '^--') ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current" | sort -u)
}

complete -F _liveconv liveconv
