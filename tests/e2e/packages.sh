# shellcheck shell=bash
# The Debian packages that the end-to-end tests need. Sourced by run and record.

# Installs what is missing where that is possible, and otherwise says what is missing.
need_packages() {
    local pair missing=()
    for pair in docker-registry:docker-registry notary-server:notary jq:jq curl:curl openssl:openssl python3:python3; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
    done
    [ ${#missing[@]} = 0 ] && return
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        printf 'these Debian packages are missing: %s\n' "${missing[*]}" >&2
        return 1
    fi
    printf 'installing %s\n' "${missing[*]}" >&2
    {
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates "${missing[@]}"
    } >&2
}
