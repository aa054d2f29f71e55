# shellcheck shell=bash
# vortexctl.bash - completion of vortexctl's verbs, options and coordinates, for bash.
#
# Installed as share/bash-completion/completions/vortexctl; else: source this file. Verbs and options
# are asked of vortexctl --help, so they are always its own; names come from `vortexctl ls`, which
# composes nothing. zsh takes it after `autoload -Uz bashcompinit && bashcompinit`.

# Words of the completion that begin with what is typed.
_vortexctl_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_vortexctl_options() {
	_vortexctl_words "$("$program" "$verb" --help 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u)"
}

# APP/, then APP/PROFILE, then APP/PROFILE/LABEL, as far as the mount knows them.
_vortexctl_coordinates() {
	local above='' name

	[[ $cur == */* ]] && above=${cur%/*}
	while IFS= read -r name; do
		[[ $name == */ ]] || continue
		name=$above${above:+/}$name
		[[ $name == "$cur"* ]] || continue
		# Below a profile come labels, which are only sometimes wanted: no slash is put there.
		[[ $above == */* || -z $above ]] || name=${name%/}
		[[ $above == */* ]] && name=${name%/}
		COMPREPLY+=("$name")
	done < <("$program" ls ${above:+"$above"} 2>/dev/null)
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace 2>/dev/null
}

_vortexctl_argument() {
	case $prev in
	-o | --output)
		if [[ $verb == get ]]; then
			_vortexctl_words 'yaml json properties env toml'
		else
			_vortexctl_words 'text json'
		fi
		;;
	-l | --labels)
		[[ $verb == validate ]] && _vortexctl_words 'none subdirectories'
		;;
	-g | --graph) _vortexctl_words 'json dot svg' ;;
	-b | --backend) _vortexctl_backends ;;
	-m | --mount | --socket | -c | --config)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames 2>/dev/null
		;;
	-n | --limit | --timeout | --after | -s | --search-path | --label | -f | --file) ;;
	*) return 1 ;;
	esac
	return 0
}

_vortexctl_backends() {
	_vortexctl_words "$("$program" backends --timeout 2 2>/dev/null | awk 'NR > 1 {print $1}')"
}

_vortexctl() {
	local program=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]-}
	local prev=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	if [[ $COMP_CWORD -eq 1 ]]; then
		_vortexctl_words "$("$program" --help 2>/dev/null |
			sed -n '/^$/,/VERB --help/s/^  \([a-z][a-z]*\)  *[A-Z].*/\1/p') --help --version"
		return
	fi
	_vortexctl_argument && return
	if [[ $cur == -* ]]; then
		_vortexctl_options
		return
	fi
	case $verb in
	validate)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		compopt -o filenames 2>/dev/null
		;;
	explain | diff | history | get | ls)
		if [[ $verb == explain && $COMP_CWORD -eq 3 && ${COMP_WORDS[2]} != -* ]]; then
			_vortexctl_words "$("$program" explain "${COMP_WORDS[2]}" --timeout 2 2>/dev/null |
				sed -n 's/^\([^ ]*\) = .*/\1/p')"
		elif [[ $verb == diff && $cur == @* ]]; then
			_vortexctl_words '@head @rev:'
		elif [[ $cur == /* || $cur == .* ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			compopt -o filenames 2>/dev/null
		else
			_vortexctl_coordinates
		fi
		;;
	backends)
		if [[ $prev == refresh ]]; then
			_vortexctl_backends
		elif [[ $COMP_CWORD -eq 2 ]]; then
			_vortexctl_words refresh
		fi
		;;
	help) _vortexctl_words "$("$program" --help 2>/dev/null |
		sed -n '/^$/,/VERB --help/s/^  \([a-z][a-z]*\)  *[A-Z].*/\1/p')" ;;
	esac
}

complete -F _vortexctl vortexctl
