#!/usr/bin/env bash
# Run ir-build as the inputs say, and set the outputs. ir-build itself sets `saved-bytes`, writes the
# job summary and fails when a budget is exceeded.
set -euo pipefail

folder=$RUNNER_TEMP/ir-build/reports
mkdir -p "$folder"
export IR_BUILD_CACHE_DIR=${IR_BUILD_CACHE_DIR:-$HOME/.cache/ir-build}

arguments=(--report "$folder/report.json" --report "$folder/report.md")
case $INPUT_MODE in
  optimize) ;;
  check) arguments+=(--check) ;;
  *)
    echo "::error title=ir-build::mode is '$INPUT_MODE', which is neither optimize nor check"
    exit 2
    ;;
esac
[ -z "$INPUT_OUT" ] || arguments+=(--out "$INPUT_OUT")
[ -z "$INPUT_MAX_TOTAL" ] || arguments+=(--max-total "$INPUT_MAX_TOTAL")
[ -z "$INPUT_MAX_FILE" ] || arguments+=(--max-file "$INPUT_MAX_FILE")
[ -z "$INPUT_MIN_SAVED" ] || arguments+=(--min-saved "$INPUT_MIN_SAVED")
while IFS= read -r line; do
  [ -z "$line" ] || arguments+=("$line")
done <<<"$INPUT_ARGS"
arguments+=(--)
while IFS= read -r line; do
  [ -z "$line" ] || arguments+=("$line")
done <<<"$INPUT_PATH"

status=0
ir-build optimize "${arguments[@]}" || status=$?

if [ -f "$folder/report.json" ]; then
  {
    echo "report=$folder/report.json"
    echo "markdown=$folder/report.md"
    if grep -q '"from_cache": false' "$folder/report.json"; then
      echo "cache-grew=true"
    fi
  } >>"$GITHUB_OUTPUT"
  ir-build cache prune --max-age 30 # what no run has used for a month is not carried on
fi
exit "$status"
