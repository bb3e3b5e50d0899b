-- A code of any spelling as a label of a path. What is a label already stays as it is.

create or replace function authz_private.sync_label(code text)
returns text
language sql immutable security invoker parallel safe
begin atomic
    select case
        when sync_label.code ~ '^[a-z0-9_]{1,50}$' then sync_label.code
        else coalesce(
            nullif(
                left(
                    btrim(
                        regexp_replace(
                            translate(
                                replace(
                                    replace(
                                        replace(
                                            regexp_replace(
                                                normalize(lower(sync_label.code), nfkd),
                                                '[\u0300-\u036f]', '', 'g'
                                            ),
                                            'ß', 'ss'
                                        ),
                                        'æ', 'ae'
                                    ),
                                    'œ', 'oe'
                                ),
                                'øłđðþı', 'olddti'
                            ),
                            '[^a-z0-9]+', '_', 'g'
                        ),
                        '_'
                    ),
                    50
                ),
                ''
            ),
            'unit'
        )
    end;
end;

comment on function authz_private.sync_label(text) is
    'The label that a unit with this code gets when it is new: letters without accents, digits '
    'and _, at most 50. Two codes may give the same label.';
revoke all on function authz_private.sync_label(text) from public;
