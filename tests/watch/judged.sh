#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# watch --contract: each rule that needs no request finds its defect in a program and
# leaves the correct twin alone. Usage: judged.sh STORESCOPE GUEST.C ARCH COMPILER SCHEMAS

set -u
storescope=${1:?usage: judged.sh STORESCOPE GUEST.C ARCH COMPILER SCHEMAS}
source=$2 arch=$3 compiler=$4 schemas=$5
for program in "qemu-$arch" "$compiler"; do
    command -v "$program" >/dev/null || {
        echo "cannot run here: $program is not installed"
        exit 77
    }
done
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cp "$source" "$folder/judged.c"
cd "$folder" || exit 2
"$compiler" -O1 -g -static judged.c -o guest || exit 2
truncate -s 4096 bar
passed=0 failed=0

verdict() { # STATUS NAME
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok   $2"
    else
        failed=$((failed + 1))
        echo "FAIL $2"
        sed 's/^/     /' out err | head -n 30
    fi
}

watch() { # WAY [OPTION...]
    way=$1
    shift
    "$storescope" watch --map bar "$@" -- ./guest bar "$way" >out 2>err
    status=$?
}

# Those rules, and no other, are broken.
finds() { # WAY CONTRACT RULES [OPTION...]
    way=$1 contract=$2 rules=$3
    shift 3
    watch "$way" --contract "$contract" "$@"
    found=$(sed -n 's/^  \([a-z-]*\): [0-9,]* calls\{0,1\} of .*/\1/p' out | tr '\n' ' ')
    [ "$status" -eq 1 ] && [ "$found" = "$rules " ]
    verdict $? "$arch: '$way' breaks $rules under $contract"
}

allows() { # WAY CONTRACT [OPTION...]
    way=$1 contract=$2
    shift 2
    watch "$way" --contract "$contract" "$@"
    [ "$status" -eq 0 ] && grep -q "^$contract: 0 findings in 1 call\$" out
    verdict $? "$arch: '$way' breaks nothing under $contract $*"
}

says() { # TEXT
    grep -qE -- "$1" out
    verdict $? "$arch: '$way' says: $1"
}

allows clean pci-order
allows clean axi32
finds duplicate shared duplicate-store
says '^    store  0x40\.\.0x43 .* at way_duplicate\+0x[0-9a-f]+ \(guest, judged\.c:3[56]\)$'
says 'not judged, as nobody tells what was to be copied: .*wrong-data'
finds overlapping shared overlapping-store
finds misaligned device misaligned-store
allows misaligned mmio
finds wide axi32 wide-store
allows wide mmio
finds narrow axi32 narrow-store
allows byte axi32
allows narrow mmio
finds reordered mmio reordered-store
finds unordered pci-order unordered-store
allows ordered pci-order
finds reads shared destination-load
allows status shared
case $arch in
riscv64) ;; # has no vectors
*)
    watch vector --contract mmio
    [ "$status" -eq 1 ] && grep -q '^  vector-store: ' out
    verdict $? "$arch: 'vector' breaks vector-store under mmio"
    ;;
esac
allows reload shared
finds reload shared repeated-load --device src
tr -s ' \n' ' ' <out >flat && mv flat out
# Told apart where both are of one text.
says 'loaded by (`([^`]*)` \(way_reload\+0x[0-9a-f]+\) and again by `\2` \(way_reload\+0x[0-9a-f]+\)|`ldr w[0-9]+, \[x0\]` and again by `ldr w[0-9]+, \[x0\]`)'
watch reload --loads
says '^ +4 bytes loaded again$'

# One routine with all that it calls, as one call.
allows nested shared --function innermost
allows nested shared --function 'hw::innermost(unsigned char volatile*)'
says '^#1 hw::innermost \(guest\)'
finds nested shared duplicate-store --function way_nested
says '^shared: 1 finding in 1 call$'
says '^#1 way_nested \(guest\)'
allows nested shared --function between
watch nested --contract shared --function elsewhere
[ "$status" -eq 2 ] && grep -q "was by 'elsewhere' or by what it calls" err
verdict $? "$arch: a routine that stores nothing is named"
watch nested --contract shared
says '^shared: 0 findings in [0-9]+ calls$'

watch duplicate --contract shared --format json
python3 -c 'import json, sys
contracts = json.load(open("out"))["contracts"]
finding = contracts[0]["findings"][0]
sys.exit(not (contracts[0]["contract"] == "shared" and finding["rule"] == "duplicate-store"
              and finding["symbol"] == "way_duplicate" and len(finding["accesses"]) == 2
              and "wrong-data" in contracts[0]["not_judged"]))'
verdict $? "$arch: JSON has the finding"
watch duplicate --contract shared --format sarif
[ "$status" -eq 1 ] && python3 -c 'import json, sys
result = json.load(open("out"))["runs"][0]["results"][0]
place = result["locations"][0]["physicalLocation"]
sys.exit(not (result["ruleId"] == "duplicate-store" and place["region"]["startLine"] == 36
              and place["artifactLocation"]["uri"].endswith("judged.c")
              and len(result["relatedLocations"]) == 1))'
verdict $? "$arch: SARIF locates it at the line"
if [ -r "$schemas/sarif-schema-2.1.0.json" ]; then
    python3 "$(dirname "$source")/../formats/validate.py" "$schemas/sarif-schema-2.1.0.json" out >err 2>&1
    verdict $? "$arch: SARIF by its schema"
fi
watch duplicate --format sarif
[ "$status" -eq 2 ] && grep -q 'say by which --contract' err
verdict $? "$arch: SARIF takes a contract"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
