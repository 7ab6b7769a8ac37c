"""The functions that a read-only statement may call, by dialect, in the names that dialect's users write.

What is not listed is refused: functions that sleep, lock, signal, read files or the network, move sequences, change
settings, run another statement, or tell of the server and its users. Sources: the function references of the seven
manuals; each list is the pure part of its chapters (text, numbers, dates, JSON, arrays, aggregates, windows).
"""

from __future__ import annotations

from seatrial.checks.sql.verdict import words

_COMMON = words(
    """
    abs avg cast ceil ceiling coalesce concat count dense_rank exp first_value floor lag last_value lead ln log lower
    ltrim max min ntile nullif percent_rank rank replace round row_number rtrim sign sqrt substring sum trim upper
    cume_dist acos asin atan cos degrees pi radians sin tan
    """
)

_REGRESSION = words("corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope")

_POSTGRES_TEXT = words(
    """
    length substr char_length character_length octet_length bit_length ascii btrim chr concat_ws format initcap left
    lpad md5 overlay position quote_ident quote_literal quote_nullable regexp_count regexp_instr regexp_like
    regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr repeat reverse
    right rpad split_part starts_with string_agg string_to_array string_to_table strpos to_ascii to_hex translate
    normalize sha224 sha256 sha384 sha512 encode decode unistr
    """
)
_POSTGRES_NUMBERS = words(
    """
    mod power pow cbrt div factorial gcd lcm log10 random trunc width_bucket scale min_scale trim_scale asinh acosh
    atanh sinh cosh tanh atan2 cot acosd asind atand cosd sind tand to_number
    """
)
_POSTGRES_DATES = words(
    """
    age clock_timestamp current_date current_time current_timestamp date date_bin date_part date_trunc extract isfinite
    justify_days justify_hours justify_interval localtime localtimestamp make_date make_interval make_time
    make_timestamp make_timestamptz now statement_timestamp timeofday to_char to_date to_timestamp
    transaction_timestamp date_add date_subtract
    """
)
_POSTGRES_SETS = words(
    """
    array_agg array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position
    array_positions array_prepend array_remove array_replace array_to_string array_upper cardinality trim_array unnest
    generate_series generate_subscripts any_value bit_and bit_or bit_xor bool_and bool_or every greatest least mode
    nth_value percentile_cont percentile_disc stddev stddev_pop stddev_samp var_pop var_samp variance grouping
    num_nulls num_nonnulls lower_inc upper_inc lower_inf upper_inf isempty range_merge range_agg int4range int8range
    numrange daterange tsrange tstzrange
    """
)
_POSTGRES_JSON = words(
    """
    array_to_json json_agg json_agg_strict json_array json_array_elements json_array_elements_text json_array_length
    json_build_array json_build_object json_each json_each_text json_exists json_extract_path json_extract_path_text
    json_object json_object_agg json_object_keys json_query json_scalar json_strip_nulls json_typeof json_value
    jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object
    jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg
    jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array
    jsonb_path_query_first jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_typeof row_to_json to_json to_jsonb
    to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd ts_headline setweight
    """
)

_DUCKDB = words(
    """
    length len substr ascii bar base64 bin bit_length chr concat_ws contains ends_with suffix prefix starts_with format
    from_base64 to_base64 greatest hash instr jaccard jaro_similarity jaro_winkler_similarity least left left_grapheme
    length_grapheme levenshtein editdist3 lcase lpad md5 sha1 sha256 nfc_normalize ord parse_filename position printf
    regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace regexp_split_to_array repeat
    reverse right rpad split split_part str_split str_split_regex string_agg listagg group_concat string_split
    string_split_regex string_to_array strip_accents strlen strpos to_hex hex unhex translate ucase unicode url_decode
    url_encode mod pow power cbrt cot even factorial gamma gcd greatest_common_divisor lcm least_common_multiple lgamma
    log10 log2 nextafter random round_even signbit trunc isfinite isinf isnan fdiv divide add subtract multiply xor
    bit_count sinh cosh tanh asinh acosh atanh atan2 age century current_date current_timestamp current_time
    localtime localtimestamp date date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc
    day dayname dayofmonth dayofweek dayofyear decade epoch epoch_ms epoch_us epoch_ns era extract get_current_timestamp
    hour isodow isoyear julian last_day make_date make_time make_timestamp make_timestamptz microsecond millennium
    millisecond minute month monthname now quarter second strftime strptime try_strptime time_bucket today
    to_centuries to_days to_decades to_hours to_milliseconds to_minutes to_months to_seconds to_timestamp to_weeks
    to_years transaction_timestamp week weekday weekofyear year yearweek timezone any_value approx_count_distinct
    approx_quantile arbitrary arg_max arg_min argmax argmin max_by min_by array_agg bit_and bit_or bit_xor bool_and
    bool_or count_if countif count_star entropy favg first fsum geomean geometric_mean histogram kahan_sum kurtosis
    last list mad median mode product quantile quantile_cont quantile_disc reservoir_quantile skewness stddev
    stddev_pop stddev_samp sumkahan sum_no_overflow var_pop var_samp variance percentile_cont percentile_disc
    nth_value grouping grouping_id ifnull if nvl array_length array_contains array_has array_has_all array_has_any
    array_position array_slice array_sort array_to_string array_distinct array_unique array_reverse array_concat
    array_append array_filter array_transform array_value flatten generate_series range list_aggregate list_aggr
    list_any_value list_append list_avg list_concat list_contains list_count list_distinct list_element list_extract
    list_filter list_first list_has list_has_all list_has_any list_last list_max list_median list_min list_position
    list_prepend list_reduce list_reverse list_reverse_sort list_select list_slice list_sort list_sum list_transform
    list_unique list_value list_zip unnest map map_contains map_entries map_extract map_from_entries map_keys
    map_values cardinality element_at struct_extract struct_insert struct_pack row json_array json_array_length
    json_contains json_each json_exists json_extract json_extract_path json_extract_path_text json_extract_string
    json_group_array json_group_object json_keys json_object json_structure json_transform json_tree json_type
    json_valid json_value to_json array_to_json row_to_json columns typeof
    """
)

_MYSQL = words(
    """
    length substr ascii bin bit_length char char_length character_length concat_ws elt export_set field find_in_set
    format from_base64 hex insert instr lcase left locate lpad make_set mid oct octet_length ord position quote
    regexp_instr regexp_like regexp_replace regexp_substr repeat reverse right rpad soundex space strcmp
    substring_index to_base64 ucase unhex weight_string md5 sha sha1 sha2 crc32 compress uncompress inet_aton inet_ntoa
    mod pow power atan2 conv cot log10 log2 rand truncate adddate addtime convert_tz curdate curtime current_date
    current_time current_timestamp date date_add date_format date_sub datediff day dayname dayofmonth dayofweek
    dayofyear extract from_days from_unixtime get_format hour last_day localtime localtimestamp makedate maketime
    microsecond minute month monthname now period_add period_diff quarter sec_to_time second str_to_date subdate
    subtime sysdate time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_days to_seconds
    unix_timestamp utc_date utc_time utc_timestamp week weekday weekofyear year yearweek any_value bit_and bit_count
    bit_or bit_xor group_concat grouping json_arrayagg json_objectagg std stddev stddev_pop stddev_samp var_pop
    var_samp variance nth_value if ifnull isnull greatest least interval convert json_array json_array_append
    json_array_insert json_contains json_contains_path json_depth json_extract json_insert json_keys json_length
    json_merge_patch json_merge_preserve json_object json_overlaps json_pretty json_quote json_remove json_replace
    json_search json_set json_type json_unquote json_valid json_value match row
    """
)

_SQLITE = words(
    """
    length substr char concat_ws format glob hex iif if ifnull instr like likelihood likely unlikely nth_value octet_length
    printf quote random soundex string_agg typeof unhex unicode unistr date datetime julianday strftime time timediff
    unixepoch current_date current_time current_timestamp group_concat total median percentile percentile_cont
    percentile_disc json json_array json_array_length json_extract json_group_array json_group_object json_insert
    json_object json_patch json_pretty json_quote json_remove json_replace json_set json_type json_valid json_each
    json_tree json_error_position acosh asinh atan2 atanh cosh log10 log2 mod pow power sinh tanh trunc -> ->>
    """
)

_BIGQUERY = words(
    """
    length substr ascii byte_length char_length character_length chr code_points_to_bytes code_points_to_string collate
    contains_substr edit_distance ends_with format from_base32 from_base64 from_hex initcap instr left lpad normalize
    normalize_and_casefold octet_length regexp_contains regexp_extract regexp_extract_all regexp_instr regexp_replace
    regexp_substr repeat reverse right rpad safe_convert_bytes_to_string soundex split starts_with string string_agg
    strpos to_base32 to_base64 to_code_points to_hex translate unicode unistr md5 sha1 sha256 sha512 farm_fingerprint
    acosh asinh atan2 atanh cbrt cosh cot csc div greatest ieee_divide is_inf is_nan least log10 mod pow power rand
    range_bucket safe_add safe_divide safe_multiply safe_negate safe_subtract sinh tanh trunc safe_cast parse_numeric
    parse_bignumeric current_date current_datetime current_time current_timestamp date date_add date_bucket date_diff
    date_from_unix_date date_sub date_trunc datetime datetime_add datetime_bucket datetime_diff datetime_sub
    datetime_trunc extract format_date format_datetime format_time format_timestamp justify_days justify_hours
    justify_interval last_day make_interval parse_date parse_datetime parse_time parse_timestamp time time_add
    time_diff time_sub time_trunc timestamp timestamp_add timestamp_bucket timestamp_diff timestamp_micros
    timestamp_millis timestamp_seconds timestamp_sub timestamp_trunc unix_date unix_micros unix_millis unix_seconds
    any_value approx_count_distinct approx_quantiles approx_top_count approx_top_sum array_agg array_concat_agg bit_and
    bit_or bit_xor countif grouping logical_and logical_or max_by min_by stddev stddev_pop stddev_samp var_pop
    var_samp variance nth_value percentile_cont percentile_disc if ifnull array array_concat array_first array_last
    array_length array_reverse array_slice array_to_string generate_array generate_date_array generate_timestamp_array
    unnest json_array json_extract json_extract_array json_extract_scalar json_extract_string_array json_keys
    json_object json_query json_query_array json_type json_value json_value_array lax_bool lax_float64 lax_int64
    lax_string parse_json to_json to_json_string bool int64 float64 struct offset safe_offset ordinal safe_ordinal
    """
)

_TSQL = words(
    """
    len datalength ascii char charindex concat_ws difference format left nchar patindex quotename replicate reverse
    right soundex space str string_agg string_escape string_split stuff translate unicode atn2 ceiling cot log10 power
    rand square checksum hashbytes current_timestamp current_timezone date_bucket dateadd datediff datediff_big
    datefromparts datename datepart datetime2fromparts datetimefromparts datetimeoffsetfromparts datetrunc day eomonth
    getdate getutcdate isdate month smalldatetimefromparts switchoffset sysdatetime sysdatetimeoffset sysutcdatetime
    timefromparts todatetimeoffset year approx_count_distinct approx_percentile_cont approx_percentile_disc
    checksum_agg count_big grouping grouping_id stdev stdevp var varp percentile_cont percentile_disc choose greatest
    iif isnull isnumeric least convert parse try_cast try_convert try_parse isjson json_array json_modify json_object
    json_path_exists json_query json_value openjson generate_series newid
    """
)

_SNOWFLAKE = words(
    """
    length len substr ascii base64_decode_string base64_encode bit_length char charindex chr concat_ws contains
    editdistance endswith hex_decode_string hex_encode ilike initcap insert jarowinkler_similarity left like lpad md5
    md5_hex octet_length parse_ip parse_url position regexp_count regexp_instr regexp_like regexp_replace regexp_substr
    regexp_substr_all repeat reverse right rlike rpad rtrimmed_length sha1 sha1_hex sha2 sha2_hex soundex space split
    split_part split_to_table startswith strtok strtok_split_to_table strtok_to_array translate unicode acosh asinh
    atan2 atanh cbrt cosh cot div0 div0null factorial haversine mod pow power random round sinh square tanh trunc
    truncate uniform width_bucket bitand bitor bitxor bitnot bitshiftleft bitshiftright hash add_months convert_timezone
    current_date current_time current_timestamp date date_from_parts date_part date_trunc dateadd datediff datefromparts
    day dayname dayofmonth dayofweek dayofweekiso dayofyear extract getdate hour last_day localtime localtimestamp
    minute month monthname months_between next_day previous_day quarter second sysdate time time_from_parts time_slice
    timeadd timediff timefromparts timestamp_from_parts timestampadd timestampdiff timestamp_ltz_from_parts
    timestamp_ntz_from_parts timestamp_tz_from_parts to_date to_time to_timestamp to_timestamp_ltz to_timestamp_ntz
    to_timestamp_tz week weekiso weekofyear year yearofweek yearofweekiso any_value approx_count_distinct
    approx_percentile approx_top_k array_agg array_union_agg array_unique_agg bitand_agg bitor_agg bitxor_agg
    booland_agg boolor_agg boolxor_agg count_if grouping grouping_id hll kurtosis listagg max_by median min_by mode
    object_agg percentile_cont percentile_disc skew stddev stddev_pop stddev_samp var_pop var_samp variance
    variance_pop variance_samp conditional_change_event conditional_true_event nth_value ratio_to_report booland
    boolnot boolor boolxor case decode equal_null greatest greatest_ignore_nulls iff ifnull is_null_value least
    least_ignore_nulls nullifzero nvl nvl2 zeroifnull regr_valx regr_valy array_append array_cat array_compact
    array_construct array_construct_compact array_contains array_distinct array_except array_flatten
    array_generate_range array_insert array_intersection array_max array_min array_position array_prepend array_remove
    array_size array_slice array_sort array_to_string arrays_overlap arrays_to_object as_array as_char as_date
    as_decimal as_double as_integer as_number as_object as_varchar check_json flatten get get_ignore_case get_path
    is_array is_boolean is_date is_decimal is_double is_integer is_object is_varchar json_extract_path_text
    object_construct object_construct_keep_null object_delete object_insert object_keys object_pick parse_json
    strip_null_value to_array to_binary to_boolean to_char to_decimal to_double to_json to_number to_numeric to_object
    to_varchar to_variant try_cast try_parse_json try_to_binary try_to_boolean try_to_date try_to_decimal try_to_double
    try_to_number try_to_numeric try_to_time try_to_timestamp try_to_timestamp_ntz typeof table generator seq1 seq2
    seq4 seq8
    """
)

DIALECTS: dict[str, frozenset[str]] = {
    "sqlite": _COMMON | _SQLITE,
    "postgres": _COMMON
    | _REGRESSION
    | _POSTGRES_TEXT
    | _POSTGRES_NUMBERS
    | _POSTGRES_DATES
    | _POSTGRES_SETS
    | _POSTGRES_JSON,
    "duckdb": _COMMON | _REGRESSION | _DUCKDB,
    "mysql": _COMMON | _MYSQL,
    "bigquery": _COMMON | words("corr covar_pop covar_samp") | _BIGQUERY,
    "tsql": (_COMMON - {"ceil", "ln"}) | _TSQL,
    "snowflake": _COMMON | _REGRESSION | _SNOWFLAKE,
}
