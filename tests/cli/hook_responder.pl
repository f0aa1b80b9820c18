# SPDX-License-Identifier: LGPL-2.1-or-later
#
# hook_responder.pl SOCKET MODE RECORD: stands in for droverd at the hook socket, well or badly.
# It writes each question to RECORD, one field a line in hexadecimal, and answers as MODE says:
#   allow, refuse, rewrite   as droverd would
#   silent                   reads, and says nothing
#   magic, status, huge, half   answers that are wrong
use strict;
use warnings;
use IO::Socket::UNIX;

my ($path, $mode, $record) = @ARGV;
my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 5) or die "$path: $!\n";
my @open;

sub get {
    my ($peer, $length) = @_;
    my $bytes = '';
    while (length($bytes) < $length) {
        my $n = sysread($peer, $bytes, $length - length($bytes), length($bytes));
        return undef if !$n;
    }
    return $bytes;
}

sub text { return pack('N', length $_[0]) . $_[0] }

my %answer = (
    allow   => "DROVHK01" . pack('N', 0) . text('') . text(''),
    refuse  => "DROVHK01" . pack('N', 1) . text("no host\nfake: has \e[31mroom") . text(''),
    rewrite => "DROVHK01" . pack('N', 0) . text('') . text('<domain>' . ('x' x 300000) . '</domain>'),
    magic   => "HTTP/1.1 200 OK\r\n\r\n",
    status  => "DROVHK01" . pack('N', 7) . text('') . text(''),
    huge    => "DROVHK01" . pack('N', 0) . text('') . pack('N', 0xfffffff0),
    half    => "DROVHK01" . pack('N', 0),
);

$SIG{PIPE} = 'IGNORE';
while (my $peer = $listener->accept) {
    my $head = get($peer, 12) // next;
    my @fields = (unpack('a8 N', $head));
    for (1 .. 7) {
        my $length = get($peer, 4) // last;
        my $bytes = get($peer, unpack('N', $length)) // last;
        push @fields, unpack('H*', length $bytes > 1000 ? length $bytes : $bytes);
    }
    open my $out, '>>', $record or die "$record: $!\n";
    print $out join("\n", @fields), "\n";
    close $out;
    syswrite($peer, $answer{$mode}) if exists $answer{$mode};
    # Kept open: an answer that stops half way does not end.
    push @open, $peer if $mode eq 'silent' || $mode eq 'half';
}
