-- How one row chooses another: by the bits of a hash h, uneven, and mostly nearby. Choosing uses
-- bits 0 to 41, settling bits 46 and up.

create or replace function pg_temp.seed_pick(h bigint, people bigint)
returns bigint
language sql immutable security invoker parallel safe
begin atomic
    select (h & 4398046511103) % people;
end;

-- From any slot to one nearby: three in four within a few places, one in sixteen anywhere.
create or replace function pg_temp.seed_near(slot bigint, h bigint, people bigint)
returns bigint
language sql immutable security invoker parallel safe
begin atomic
    select case
        when h & 15 < 12 then (slot + (h >> 4 & 15) + people * 16 - 7) % people
        when h & 15 < 15 then (slot + (h >> 4 & 511) + people * 512 - 255) % people
        else (h >> 4 & 274877906943) % people
    end;
end;

-- Every second row moves on to a slot divisible by 4, of these every second to one divisible by
-- 16, and so on: few slots end up with many rows, most with one or none.
create or replace function pg_temp.seed_settle(slot bigint, h bigint)
returns bigint
language sql immutable security invoker parallel safe
begin atomic
    select slot - slot % (
        ((h >> 46 | 256) & -(h >> 46 | 256)) * ((h >> 46 | 256) & -(h >> 46 | 256))
    );
end;
